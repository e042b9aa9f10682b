"""Projects: how they are read, their label sets, their members."""

from __future__ import annotations

from typing import Any

from django.urls import path
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from annotations import selectors
from annotations.access import access_label, access_person
from annotations.models import Label, ReadingProtocol
from annotations.services.projects import label_change, label_create, project_change, project_create
from core.access import project_for, require_site
from core.models import Project
from core.roles import Role
from inference.selectors import labels_of_families
from webapp.api.base import caller, checked, etag, if_match_version_given
from webapp.api.labels import LabelChangeIn, LabelIn, LabelOut
from webapp.api.pictures import PictureRulesField
from webapp.people import member_end, member_set

IF_MATCH = OpenApiParameter(
    "If-Match", str, OpenApiParameter.HEADER, required=False, description="The version that was changed, quoted."
)


class PersonOut(serializers.Serializer[Any]):
    """A person, as others see them."""

    id = serializers.UUIDField()
    display_name = serializers.CharField()


class MemberPersonOut(PersonOut):
    """A person with the name they log in with."""

    username = serializers.CharField()


class MemberOut(serializers.Serializer[Any]):
    """Who is what in a project."""

    user = MemberPersonOut()
    role = serializers.ChoiceField(choices=Role.choices)


class MemberIn(serializers.Serializer[Any]):
    """The role to give."""

    role = serializers.ChoiceField(choices=Role.choices)


class ProjectRowOut(serializers.Serializer[Any]):
    """A project in a list."""

    slug = serializers.CharField()
    title = serializers.CharField()
    description = serializers.CharField()
    is_inbox = serializers.BooleanField()


class ProjectOut(ProjectRowOut):
    """A project with its labels and members."""

    instructions = serializers.CharField()
    reveal = serializers.ChoiceField(choices=ReadingProtocol.Reveal.choices)
    required_labels = serializers.ListField(child=serializers.CharField(), allow_null=True)
    show_abandoned = serializers.BooleanField()
    pictures = PictureRulesField()
    version = serializers.IntegerField()
    labels = LabelOut(many=True)
    members = MemberOut(many=True)


class ProjectIn(serializers.Serializer[Any]):
    """A new project."""

    slug = serializers.RegexField(r"^[a-z0-9]+(-[a-z0-9]+)*$", max_length=60)
    title = serializers.CharField(max_length=120)
    description = serializers.CharField(allow_blank=True, default="", max_length=4000)
    instructions = serializers.CharField(allow_blank=True, default="", max_length=20000)
    reveal = serializers.ChoiceField(
        choices=ReadingProtocol.Reveal.choices, default=ReadingProtocol.Reveal.AFTER_OWN_ANSWER
    )
    required_labels = serializers.ListField(child=serializers.SlugField(max_length=40), allow_null=True, default=None)


class ProjectChangeIn(serializers.Serializer[Any]):
    """What an admin of the project may change."""

    title = serializers.CharField(max_length=120, required=False)
    description = serializers.CharField(allow_blank=True, required=False, max_length=4000)
    instructions = serializers.CharField(allow_blank=True, required=False, max_length=20000)
    reveal = serializers.ChoiceField(choices=ReadingProtocol.Reveal.choices, required=False)
    required_labels = serializers.ListField(
        child=serializers.SlugField(max_length=40), allow_null=True, required=False, max_length=100
    )
    show_abandoned = serializers.BooleanField(required=False)
    pictures = PictureRulesField(required=False)


def _answer(project: Project) -> Response:
    shown = selectors.project_json(project, labels_of_families(project))
    return Response(ProjectOut(shown).data, headers=etag(shown["version"]))


class Projects(APIView):
    """The projects of the caller."""

    @extend_schema(operation_id="projects_list", responses=ProjectRowOut(many=True))
    def get(self, request: Request) -> Response:
        """List the caller's projects by title."""
        return Response(ProjectRowOut(selectors.project_rows(caller(request)), many=True).data)

    @extend_schema(operation_id="projects_create", request=ProjectIn, responses={201: ProjectOut})
    def post(self, request: Request) -> Response:
        """Make a project; the caller becomes its admin."""
        require_site(caller(request), "project.create")
        project = project_create(by=caller(request), **checked(ProjectIn, request))
        return Response(ProjectOut(selectors.project_json(project)).data, status=201)


class ProjectDetail(APIView):
    """One project."""

    @extend_schema(operation_id="projects_read", responses=ProjectOut)
    def get(self, request: Request, slug: str) -> Response:
        """Return the project with its labels and members."""
        project = project_for(caller(request), "project.read", slug=slug)
        return _answer(project)

    @extend_schema(operation_id="projects_change", parameters=[IF_MATCH], request=ProjectChangeIn, responses=ProjectOut)
    def patch(self, request: Request, slug: str) -> Response:
        """Change title, description, instructions, or when model findings are revealed."""
        project = project_for(caller(request), "project.change", slug=slug)
        version = if_match_version_given(request)
        project = project_change(
            project=project, by=caller(request), version=version, **checked(ProjectChangeIn, request)
        )
        return _answer(project)


class ProjectMember(APIView):
    """One person's place in a project."""

    @extend_schema(operation_id="project_members_set", request=MemberIn, responses=ProjectOut)
    def put(self, request: Request, slug: str, user_id: str) -> Response:
        """Make the person a member with this role, or change the role."""
        project = project_for(caller(request), "project.change", slug=slug)
        person = access_person(caller(request), project=project, id=user_id)
        member_set(project=project, person=person, by=caller(request), **checked(MemberIn, request))
        return _answer(project)

    @extend_schema(operation_id="project_members_end", responses={204: None})
    def delete(self, request: Request, slug: str, user_id: str) -> Response:
        """Take the person out of the project."""
        project = project_for(caller(request), "project.change", slug=slug)
        person = access_person(caller(request), project=project, id=user_id)
        member_end(project=project, person=person, by=caller(request))
        return Response(status=204)


class ProjectLabels(APIView):
    """The label set of a project."""

    @extend_schema(operation_id="labels_create", request=LabelIn, responses={201: LabelOut})
    def post(self, request: Request, slug: str) -> Response:
        """Add a coded concept."""
        project = project_for(caller(request), "project.change", slug=slug)
        label = label_create(project=project, by=caller(request), **checked(LabelIn, request))
        return Response(LabelOut(selectors.label_json(label)).data, status=201)


class ProjectLabel(APIView):
    """One label."""

    @extend_schema(operation_id="labels_change", parameters=[IF_MATCH], request=LabelChangeIn, responses=LabelOut)
    def patch(self, request: Request, slug: str, key: str) -> Response:
        """Change how it is shown or coded, or retire it; the key stays."""
        label: Label = access_label(caller(request), "project.change", slug=slug, key=key)
        version, in_use = if_match_version_given(request), label.key in labels_of_families(label.project)
        fields = checked(LabelChangeIn, request)
        label = label_change(label=label, by=caller(request), version=version, in_use=in_use, **fields)
        return Response(LabelOut(selectors.label_json(label)).data, headers=etag(label.version))


urlpatterns = [
    path("projects", Projects.as_view()),
    path("projects/<slug:slug>", ProjectDetail.as_view()),
    path("projects/<slug:slug>/members/<uuid:user_id>", ProjectMember.as_view()),
    path("projects/<slug:slug>/labels", ProjectLabels.as_view()),
    path("projects/<slug:slug>/labels/<slug:key>", ProjectLabel.as_view()),
]
