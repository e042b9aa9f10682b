"""Projects: how they are read, their label sets, their members."""

from __future__ import annotations

from typing import Any

from django.urls import path
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from annotations import selectors
from annotations.access import access_label, access_person
from annotations.models import Label, ReadingProtocol
from annotations.services.projects import label_change, label_create, project_change, project_create
from core.access import project_for, require_site
from core.roles import Role
from core.users import membership_end, membership_set
from webapp.api.base import caller, checked
from webapp.api.labels import LabelChangeIn, LabelIn, LabelOut


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


class ProjectChangeIn(serializers.Serializer[Any]):
    """What an admin of the project may change."""

    title = serializers.CharField(max_length=120, required=False)
    description = serializers.CharField(allow_blank=True, required=False, max_length=4000)
    instructions = serializers.CharField(allow_blank=True, required=False, max_length=20000)
    reveal = serializers.ChoiceField(choices=ReadingProtocol.Reveal.choices, required=False)


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
        return Response(ProjectOut(selectors.project_json(project)).data)

    @extend_schema(operation_id="projects_change", request=ProjectChangeIn, responses=ProjectOut)
    def patch(self, request: Request, slug: str) -> Response:
        """Change title, description, instructions, or when model findings are revealed."""
        project = project_for(caller(request), "project.change", slug=slug)
        project = project_change(project=project, by=caller(request), **checked(ProjectChangeIn, request))
        return Response(ProjectOut(selectors.project_json(project)).data)


class ProjectMember(APIView):
    """One person's place in a project."""

    @extend_schema(operation_id="project_members_set", request=MemberIn, responses=ProjectOut)
    def put(self, request: Request, slug: str, user_id: str) -> Response:
        """Make the person a member with this role, or change the role."""
        project = project_for(caller(request), "project.change", slug=slug)
        person = access_person(caller(request), project=project, id=user_id)
        membership_set(project=project, user=person, by=caller(request), **checked(MemberIn, request))
        return Response(ProjectOut(selectors.project_json(project)).data)

    @extend_schema(operation_id="project_members_end", responses={204: None})
    def delete(self, request: Request, slug: str, user_id: str) -> Response:
        """Take the person out of the project."""
        project = project_for(caller(request), "project.change", slug=slug)
        person = access_person(caller(request), project=project, id=user_id)
        membership_end(project=project, user=person, by=caller(request))
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

    @extend_schema(operation_id="labels_change", request=LabelChangeIn, responses=LabelOut)
    def patch(self, request: Request, slug: str, key: str) -> Response:
        """Change how it is shown or coded, or retire it; the key stays."""
        label: Label = access_label(caller(request), "project.change", slug=slug, key=key)
        label = label_change(label=label, by=caller(request), **checked(LabelChangeIn, request))
        return Response(LabelOut(selectors.label_json(label)).data)


urlpatterns = [
    path("projects", Projects.as_view()),
    path("projects/<slug:slug>", ProjectDetail.as_view()),
    path("projects/<slug:slug>/members/<uuid:user_id>", ProjectMember.as_view()),
    path("projects/<slug:slug>/labels", ProjectLabels.as_view()),
    path("projects/<slug:slug>/labels/<slug:key>", ProjectLabel.as_view()),
]
