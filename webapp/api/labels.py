"""The shapes of labels: coded concepts with a colour."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from annotations.models import Label


class LabelOut(serializers.Serializer[Any]):
    """A coded concept that may be said of an image or drawn on it."""

    key = serializers.CharField()
    code_value = serializers.CharField()
    coding_scheme_designator = serializers.CharField()
    code_meaning = serializers.CharField()
    uses = serializers.ListField(child=serializers.ChoiceField(choices=Label.Use.choices))
    color = serializers.CharField()
    position = serializers.IntegerField()
    retired_at = serializers.DateTimeField(allow_null=True)
    version = serializers.IntegerField()
    successor = serializers.CharField(allow_null=True)
    used = serializers.BooleanField(help_text="Something was said with it: its code and its uses stay.")


class LabelIn(serializers.Serializer[Any]):
    """A new label."""

    key = serializers.SlugField(max_length=40)
    code_value = serializers.CharField(max_length=64)
    coding_scheme_designator = serializers.CharField(max_length=16)
    code_meaning = serializers.CharField(max_length=64)
    uses = serializers.ListField(child=serializers.ChoiceField(choices=Label.Use.choices), allow_empty=False)
    color = serializers.RegexField(r"^#[0-9a-fA-F]{6}$")
    position = serializers.IntegerField(min_value=0, max_value=10_000, default=0)


class LabelChangeIn(serializers.Serializer[Any]):
    """What may change of a label."""

    code_value = serializers.CharField(max_length=64, required=False)
    coding_scheme_designator = serializers.CharField(max_length=16, required=False)
    code_meaning = serializers.CharField(max_length=64, required=False)
    uses = serializers.ListField(
        child=serializers.ChoiceField(choices=Label.Use.choices), allow_empty=False, required=False
    )
    color = serializers.RegexField(r"^#[0-9a-fA-F]{6}$", required=False)
    position = serializers.IntegerField(min_value=0, max_value=10_000, required=False)
    retired = serializers.BooleanField(required=False)
    successor = serializers.SlugField(max_length=40, required=False, allow_null=True)
