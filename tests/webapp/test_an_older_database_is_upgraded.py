"""A filled database of before the rules of evidence, migrated to today's shape and back: no value is lost or turned."""

from __future__ import annotations

import json
import zlib
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from django.db import DatabaseError, connection, transaction
from django.db.migrations.executor import MigrationExecutor
from django.utils import timezone

from core import blobs
from core.digest import digest_of

if TYPE_CHECKING:
    from collections.abc import Iterator

BEFORE = [
    ("core", "0004_what_follows_a_job"),
    ("imaging", "0009_forms_and_flags_again"),
    ("annotations", "0011_calibrated_step"),
    ("inference", "0004_answers_filled"),
]
OWN = {app for app, _ in BEFORE}
#: What an upgrade takes from its table; where it is then is asked one by one.
MOVED = {("inference_modelfamily", "change_plan"), ("annotations_datasetsnapshot", "recipe")}
#: The tables whose rows are written once: the database itself refuses to change them.
GUARDED = {
    "core_auditevent", "imaging_identitydecision", "imaging_conflictdecision", "imaging_samepersondecision",
    "imaging_nearcopydecision", "annotations_revision", "annotations_review", "annotations_step",
    "annotations_calibration", "annotations_withdrawal", "annotations_sight", "annotations_glimpse",
    "inference_declaredplan", "inference_registrationdecision",
}  # fmt: skip
START = timezone.now() - timedelta(days=2)
Tables = dict[str, dict[Any, dict[str, Any]]]


def _at(hours: float) -> Any:
    return START + timedelta(hours=hours)


def _migrate(targets: list[tuple[str, str]]) -> Any:
    executor = MigrationExecutor(connection)
    executor.migrate(targets)
    executor = MigrationExecutor(connection)
    applied = [node for node in executor.loader.applied_migrations if node in executor.loader.graph.nodes]
    return executor.loader.project_state(applied).apps


def _leaves() -> list[tuple[str, str]]:
    return list(MigrationExecutor(connection).loader.graph.leaf_nodes())


@pytest.fixture
def old(transactional_db: None) -> Iterator[Any]:
    """The tables as they were; afterwards they are as they are now."""
    yield _migrate(BEFORE)
    MigrationExecutor(connection).migrate(_leaves())


def _tables() -> Tables:
    """Return every row of this house's tables, as the database has it, by table and key."""
    found: Tables = {}
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names(cursor):
            if table.split("_")[0] in OWN:
                cursor.execute(f"SELECT * FROM {connection.ops.quote_name(table)}")
                names = [column[0] for column in cursor.description]
                key = "id" if "id" in names else names[0]
                found[table] = {row[names.index(key)]: dict(zip(names, row, strict=True)) for row in cursor.fetchall()}
    return found


def _header(**more: Any) -> str:
    values = {"00080008": {"vr": "CS", "Value": ["DERIVED", "PRIMARY"]}, "00185101": {"vr": "CS", "Value": ["LL"]}}
    return blobs.put(zlib.compress(json.dumps(values | more).encode()))


class House:
    """A house of before, with something in every table that later migrations touch."""

    def __init__(self, apps: Any) -> None:
        self.apps = apps
        make = self.make
        self.people = {name: make("core.User", username=name, password="x") for name in ("ann", "ravi", "rev")}
        self.project = make("core.Project", slug="old", title="Old")
        make(
            "annotations.ReadingProtocol", project=self.project, reveal="always", required_labels=["nodule"], version=3
        )
        self.label = make(
            "annotations.Label", project=self.project, key="nodule", code_value="1", uses=["image"], color="#ffffff",
            coding_scheme_designator="99TEST", code_meaning="Nodule",
        )  # fmt: skip
        self.series = [self._series(number) for number in range(5)]
        self._images()
        self.cases = [self._case(number) for number in range(5)]
        self._readings()
        self._findings()
        self._models()

    def make(self, model: str, /, **values: Any) -> Any:
        return self.apps.get_model(model).objects.create(**values)

    def _series(self, number: int) -> Any:
        patient = self.make("imaging.Patient", patient_id=f"P{number}", issuer_of_patient_id="H")
        study = self.make("imaging.Study", study_instance_uid=f"1.2.{number}", patient=patient, patient_name="A^B")
        return self.make("imaging.Series", study=study, series_instance_uid=f"1.2.{number}.1", modality="DX")

    def _images(self) -> None:
        headers = [_header(), _header(), "0" * 64, _header(), _header()]
        self.images = [
            self.make("imaging.Instance", series=series, sop_instance_uid=f"1.2.{n}.1.1", sop_class_uid="1.2.840",
                      transfer_syntax_uid="1.2.840.10008.1.2.1", blob_digest=f"{n}" * 64, byte_size=10 + n,
                      pixel_digest="a" * 64, header_digest=header, rows=4, columns=5, number_of_frames=1,
                      frame_spans=[[100, 16]], display="as_stored", version=1 + n % 2)
            for n, (series, header) in enumerate(zip(self.series, headers, strict=True))
        ]  # fmt: skip

    def _case(self, number: int) -> Any:
        scores = [0.9, 0.4, None, 0.7, None]
        states = ["accepted", "submitted", "accepted", "claimed", "corrected"]
        signed = states[number] in ("accepted", "corrected")
        return self.make(
            "annotations.Workitem", project=self.project, study=self.series[number].study, state=states[number],
            ai_score=scores[number], version=3 + number, round=1 + number % 2, remark=f"remark {number}",
            reviewer=self.people["rev"] if signed else None, decided_at=_at(9) if signed else None,
        )  # fmt: skip

    def _readings(self) -> None:
        facts = [("always", False, 3.0), ("after_own_answer", True, 4.0), ("after_own_answer", True, 5.0),
                 ("after_own_answer", True, None), ("never", True, 6.0)]  # fmt: skip
        kept = blobs.put(b'["1.2.0.1.1"]')
        self.readings = [
            self.make("annotations.Reading", workitem=case, reader=self.people["ann"], reveal=reveal, blind=blind,
                      state="claimed" if handed_in is None else "submitted", claimed_at=_at(n / 10),
                      submitted_at=None if handed_in is None else _at(handed_in), seconds=11 + n, images_digest=kept)
            for n, (case, (reveal, blind, handed_in)) in enumerate(zip(self.cases, facts, strict=True))
        ]  # fmt: skip
        self.readings.append(
            self.make("annotations.Reading", workitem=self.cases[0], reader=self.people["ravi"], state="abandoned",
                      reveal="always", blind=False, claimed_at=_at(0.5), abandoned_at=_at(0.6), ending="released")
        )  # fmt: skip

        self.make("annotations.Step", workitem=self.cases[0], version=2, kind="submitted", by=self.people["ann"],
                  reading=self.readings[0], remark="read twice")  # fmt: skip

    def _findings(self) -> None:
        self.findings = []
        for n, (case, theirs) in enumerate([(self.cases[0], False), (self.cases[0], True), (self.cases[4], True)]):
            author = None if theirs else self.people["ann"]
            finding = self.make("annotations.Finding", workitem=case, kind="image_label", author=author,
                                algorithm_type="AUTOMATIC" if theirs else "MANUAL",
                                algorithm_name="net" if theirs else "", algorithm_version="7" if theirs else "",
                                proposal_key=f"key {n}" if theirs else "", probability=0.25 if theirs else None,
                                reading=None if theirs else self.readings[0])  # fmt: skip
            content = {"kind": "image_label", "label_key": "nodule", "present": True, "text": "grösser – 5 µm"}
            finding.head = self.make("annotations.Revision", finding=finding, number=1, author=author, label=self.label,
                                     content=content, digest="b" * 64, ai_visible=theirs)  # fmt: skip
            finding.save()
            self.findings.append(finding)
        for n, reason in enumerate(["other", "right_for_wrong_reason"]):
            finding = self.findings[n + 1]
            self.make(
                "annotations.Review", finding=finding, revision=finding.head, reviewer=self.people["rev"],
                reason=reason, decision="rejected", remark="in words", round=1 + n, created_at=_at(7 + n),
            )  # fmt: skip

    def _models(self) -> None:
        make, run = self.make, {"config": {"epochs": 3}, "config_digest": "c" * 64, "reason": "more data"}
        self.snapshot = make("annotations.DatasetSnapshot", project=self.project, name="first", digest="d" * 64,
                             manifest_digest=blobs.put(b"{}"), recipe="classification", label_keys=["nodule"],
                             counts={"cases": 3}, created_at=_at(10))  # fmt: skip
        plans = [{"auc_margin": 0.04}, {}]
        self.families = [
            make("inference.ModelFamily", project=self.project, slug=f"f{n}", title="F", recipe="classification",
                 label_keys=["nodule"], change_plan=plan, created_at=_at(1 + n))
            for n, plan in enumerate(plans)
        ]  # fmt: skip
        self.run = make("inference.TrainingRun", family=self.families[0], snapshot=self.snapshot, **run)
        self.version = make("inference.ModelVersion", family=self.families[0], number=1, state="live",
                            training_run=self.run, weights_digest="e" * 64, card_digest="f" * 64)  # fmt: skip
        names = [{"case_id": "b"}, {"case_id": "a"}]
        outputs = [blobs.put(zlib.compress(json.dumps({"version": names}).encode())), "9" * 64]
        self.reports = [
            make("inference.EvaluationReport", version=self.version, snapshot=self.snapshot, report={"n": n},
                 gate={"passed": True}, outputs_digest=digest, digest=f"{n}" * 64)
            for n, digest in enumerate(outputs)
        ]  # fmt: skip
        make("inference.Promotion", family=self.families[0], direction="promote", to_version=self.version,
             report=self.reports[0], decided_by=self.people["rev"], reason="the first")  # fmt: skip
        answers = [{"labels": {"nodule": {}, "mass": {}}}, {"labels": {"nodule": {}}}, None]
        for n, output in enumerate(answers):
            make("inference.Prediction", workitem=self.cases[n], series=self.series[n], version=self.version,
                 state="finished" if output else "failed", input_digest=f"{n}" * 64, output=output or {},
                 case_score=0.5 if output else None, kept_proposals_digest="8" * 64 if n == 1 else "")  # fmt: skip


def _touched_since() -> set[str]:
    """Return the tables of before that later migrations change in shape."""
    loader = MigrationExecutor(connection).loader
    graph = loader.graph
    done = {node for target in BEFORE for node in graph.forwards_plan(target)}
    later = {node for leaf in graph.leaf_nodes() for node in graph.forwards_plan(leaf)} - done
    found = {
        f"{app}_{operation.model_name_lower}"
        for app, name in later
        if app in OWN
        for operation in loader.disk_migrations[app, name].operations
        if hasattr(operation, "model_name_lower")
    }
    return found & set(connection.introspection.table_names())


def _assert_kept(before: Tables, after: Tables, *, moved: set[tuple[str, str]] = MOVED) -> None:
    for table, rows in before.items():
        assert after[table].keys() == rows.keys(), f"{table} has other rows"
        for key, row in rows.items():
            now = after[table][key]
            for column, value in row.items():
                if (table, column) not in moved:
                    assert now[column] == value, f"{table}.{column}"


def test_every_value_of_an_older_database_is_there_after_the_upgrade_and_after_the_way_back(old: Any) -> None:
    house = House(old)
    before = _tables()
    empty = [table for table in _touched_since() if not before[table]]
    assert not empty, f"later migrations touch {empty}: give this house rows of them"

    new = _migrate(_leaves())
    _assert_kept(before, _tables())
    _today(house, new)
    _assert_guarded()

    _migrate(BEFORE)
    back = _tables()
    assert back.keys() == before.keys()
    _assert_kept(before, back, moved=set())
    _migrate(_leaves())
    _assert_kept(before, _tables())


def _today(house: House, new: Any) -> None:
    """What today's tables say of the old rows, besides what they said themselves."""
    sights = new.get_model("annotations", "Sight").objects.order_by("created_at")
    assert [(row.reading_id, row.what, row.of, row.created_at) for row in sights] == [
        (house.readings[0].pk, "before", "", _at(0)),
        (house.readings[5].pk, "before", "", _at(0.5)),
        (house.readings[1].pk, "before", "", _at(4)),
    ], "open from the start; after the own answer; not while it is not handed in, never, or where no model spoke"
    readings = new.get_model("annotations", "Reading").objects
    assert set(readings.values_list("images_at_claim", flat=True)) == {""}
    cases = dict(new.get_model("annotations", "Workitem").objects.values_list("pk", "looked_for"))
    assert cases == {
        case.pk: keys for case, keys in zip(house.cases, [["mass", "nodule"], [], [], [], []], strict=True)
    }, "proposals that nobody was told of are no look"
    assert [row.question for row in new.get_model("annotations", "DatasetSnapshot").objects.all()] == ["classification"]
    images = new.get_model("imaging", "Instance").objects.order_by("sop_instance_uid")
    said = [(row.image_type, row.view_position, row.subject) for row in images]
    assert (
        said
        == [("DERIVED\\PRIMARY", "LL", "patient")] * 2
        + [("", "", "patient")]
        + [("DERIVED\\PRIMARY", "LL", "patient")] * 2
    ), "an image whose header is damaged says nothing, and stops nobody"
    plans = new.get_model("inference", "DeclaredPlan").objects.order_by("created_at")
    assert [(row.family_id, row.number, row.limits, row.created_at) for row in plans] == [
        (house.families[0].pk, 1, {"auc_margin": 0.04}, _at(1)), (house.families[1].pk, 1, {}, _at(2)),
    ]  # fmt: skip
    assert new.get_model("inference", "TrainingRun").objects.get().plan_id == plans[0].pk
    reports = dict(new.get_model("inference", "EvaluationReport").objects.values_list("pk", "test_digest"))
    assert reports == {house.reports[0].pk: digest_of(["a", "b"]), house.reports[1].pk: ""}
    assert new.get_model("annotations", "DatasetSnapshot").objects.get().datasheet_digest == ""
    assert new.get_model("annotations", "ReadingProtocol").objects.get().pictures == {}


def _assert_guarded() -> None:
    """The database refuses to change what is written once, after the upgrade of filled tables too."""
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            cursor.execute("SELECT tbl_name FROM sqlite_master WHERE type = 'trigger'")
        else:
            cursor.execute("SELECT event_object_table FROM information_schema.triggers")
        assert {row[0] for row in cursor.fetchall()} == GUARDED
        for table in ("annotations_revision", "annotations_review", "annotations_sight", "inference_declaredplan"):
            with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
                cursor.execute(f"UPDATE {table} SET created_at = created_at")
