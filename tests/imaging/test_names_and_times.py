"""Names of every alphabet are found whatever their case, and dates and times match as moments (PS3.4 C.2.2.2)."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

import pytest
from django.test import Client

from annotations.models import Workitem
from annotations.selectors import WorklistFilter, worklist_page
from core.models import Project
from imaging.models import Study
from tests.factories import dicom_files as made
from tests.imaging.arriving import arrived, told

if TYPE_CHECKING:
    from core.models import User

pytestmark = pytest.mark.django_db


def _named(name: str, charset: str | list[str] | None, written: bytes) -> bytes:
    """Return a file whose Patient's Name is exactly these bytes."""
    dataset = made.ct_slice(name)
    dataset.PatientName = "Q" * (len(written) + len(written) % 2)
    if charset is None:
        del dataset.SpecificCharacterSet
    else:
        dataset.SpecificCharacterSet = charset
    content = made.file_bytes(dataset)
    padded = written + b" " * (len(written) % 2)
    before = struct.pack("<HH2sH", 0x10, 0x10, b"PN", len(padded))
    assert content.count(before) == 1
    return content.replace(before + b"Q" * len(padded), before + padded)


NAMES = {
    "latin": ("ISO_IR 100", "Müller^Jörg".encode("latin-1"), ["müller^jörg", "MULLER*", "*jorg", "M?ller^J?rg"]),
    "cyrillic": ("ISO_IR 144", "МИРНАЯ^ОЛЬГА".encode("iso8859-5"), ["мирная^ольга", "Мирная*", "*ОЛЬГА"]),
    "greek": ("ISO_IR 126", "ΠΑΠΠΑΣ^ΕΛΕΝΗ".encode("iso8859-7"), ["παππας^ελενη", "Παππάς*"]),
    "japanese": (
        ["", "ISO 2022 IR 87"],
        b"Yamada^Taro=\x1b$B;3ED\x1b(B^\x1b$BB@O:\x1b(B=\x1b$B$d$^$@\x1b(B^\x1b$B$?$m$&\x1b(B",
        ["yamada^taro", "YAMADA*", "山田^太郎", "山田*", "やまだ^たろう", "*たろう",
         "Yamada^Taro=山田^太郎=やまだ^たろう"],
    ),
    "katakana": (
        ["ISO 2022 IR 13", "ISO 2022 IR 87"],
        b"\xbd\xbd\xde\xb7^\xc0\xdb\xb3=\x1b$BNkLZ\x1b(J^\x1b$B0lO:\x1b(J",
        ["スズキ^タロウ", "ｽｽﾞｷ*", "鈴木^一郎"],
    ),
    "korean": (
        ["", "ISO 2022 IR 149"],
        b"Hong^Gildong=\x1b$)C" + "洪".encode("euc-kr") + b"^\x1b$)C" + "吉洞".encode("euc-kr") + b"=\x1b$)C"
        + "홍".encode("euc-kr") + b"^\x1b$)C" + "길동".encode("euc-kr"),
        ["hong^GILDONG", "洪^吉洞", "홍^길동", "홍*"],
    ),
    "chinese": (
        ["", "ISO 2022 IR 58"],
        b"Zhang^XiaoDong=\x1b$)A" + "张".encode("gb2312") + b"^\x1b$)A" + "小东".encode("gb2312"),
        ["zhang^xiaodong", "张^小东", "张*", "*小东"],
    ),
    "gb18030": ("GB18030", "Wang^DaWei=王^大伟".encode("gb18030"), ["王^大伟", "WANG*"]),
    "utf-8": ("ISO_IR 192", "Łukasiewicz^Ødegård".encode(), ["lukasiewicz^odegard", "ŁUKASIEWICZ*"]),
}  # fmt: skip


@pytest.fixture
def client(radiologist: User) -> Client:
    client = Client()
    client.force_login(radiologist)
    return client


def _found(client: Client, **query: str) -> set[str]:
    response = client.get("/dicomweb/studies", query)
    assert response.status_code == 200, response.content
    return {row["0020000D"]["Value"][0] for row in response.json()}


def test_names_of_every_alphabet_are_found_in_each_group_by_every_search(
    client: Client, project: Project, radiologist: User
) -> None:
    for name, (charset, written, _) in NAMES.items():
        assert told(arrived(_named(name, charset, written), project, radiologist)) == [("stored", "")], name
    for study in Study.objects.all():
        Workitem.objects.create(project=project, study=study)
    for name, (_, _, searches) in NAMES.items():
        study = Study.objects.get(study_instance_uid=made.file_uid(name, "study"))
        assert study.text_code == "", name
        assert "\x1b" not in study.patient_name
        for search in searches:
            assert _found(client, PatientName=search) == {study.study_instance_uid}, (name, search)
            if "=" not in search:
                page = worklist_page(radiologist, WorklistFilter(q=search.strip("*")))
                assert [row["study"]["study_instance_uid"] for row in page.rows] == [study.study_instance_uid], search
    assert _found(client, PatientName="yamada^hanako") == set()
    assert _found(client, PatientName="Yamada^Taro=山本*") == set()
    assert _found(client, PatientName="yam%") == set()
    assert _found(client, PatientName="_amada*") == set()
    assert _found(client, PatientName="taro", fuzzymatching="true") == {str(made.file_uid("japanese", "study"))}


@pytest.mark.parametrize(
    ("charset", "written", "code"),
    [
        (None, "Müller^Jörg".encode("latin-1"), "charset_missing"),
        ("ISO_IR 6", "Müller^Jörg".encode("latin-1"), "charset_wrong"),
        ("ISO_IR 999", "Müller^Jörg".encode("latin-1"), "charset_unknown"),
        ("ISO_IR 192", "Müller^Jörg".encode("latin-1"), "charset_wrong"),
        (None, b"Miller^George", ""),
        ("ISO_IR 999", b"Miller^George", ""),
    ],
)
def test_a_missing_or_wrong_character_set_is_said(
    charset: str | None, written: bytes, code: str, project: Project, radiologist: User
) -> None:
    arrived(_named("letters", charset, written), project, radiologist)
    assert Study.objects.get().text_code == code


TIMES = {"tokyo": ("20250310", "233000", "+0900"), "london": ("20250311", "003000", "+0000"),
         "york": ("20250311", "080000", "-0500"), "unsaid": ("20250310", "120000", "")}  # fmt: skip


@pytest.mark.parametrize(
    ("query", "names"),
    [
        # Without a time zone in the search, dates and times are those that were written.
        ({"StudyDate": "20250310"}, {"tokyo", "unsaid"}),
        ({"StudyDate": "20250311"}, {"london", "york"}),
        ({"StudyDate": "20250310-20250311"}, {"tokyo", "london", "york", "unsaid"}),
        ({"StudyTime": "0800-1200"}, {"york", "unsaid"}),
        ({"StudyTime": "-0030"}, {"london"}),
        ({"StudyTime": "2330"}, {"tokyo"}),
        # A date and a time that are both ranges are one range of moments, not the same hours of each day.
        ({"StudyDate": "20250310-20250311", "StudyTime": "2300-0100"}, {"tokyo", "london"}),
        ({"StudyDate": "20250310-20250311", "StudyTime": "1200-0800"}, {"unsaid", "tokyo", "london", "york"}),
        ({"StudyDate": "20250311-", "StudyTime": "0030-"}, {"london", "york"}),
        ({"StudyDate": "-20250311", "StudyTime": "-0029"}, {"tokyo", "unsaid"}),
        # With one, they are moments: 23:30 in Tokyo is 14:30 of the same day in London, 09:30 in New York.
        ({"StudyDate": "20250310-20250310", "StudyTime": "1400-1500", "TimezoneOffsetFromUTC": "+0000"}, {"tokyo"}),
        ({"StudyDate": "20250311", "TimezoneOffsetFromUTC": "+0000"}, {"london", "york"}),
        ({"StudyDate": "20250310", "TimezoneOffsetFromUTC": "-0500"}, {"tokyo", "london", "unsaid"}),
        ({"StudyDate": "20250311", "TimezoneOffsetFromUTC": "+0900"}, {"london", "york"}),
        ({"StudyTime": "0930", "TimezoneOffsetFromUTC": "-0500"}, {"tokyo"}),
        ({"StudyTime": "1930-2000", "TimezoneOffsetFromUTC": "-0500"}, {"london"}),
        ({"StudyTime": "2100-2300", "TimezoneOffsetFromUTC": "+0900"}, {"york"}),
        ({"StudyDate": "20250310-20250311", "StudyTime": "2330-2200", "TimezoneOffsetFromUTC": "+0900"},
         {"tokyo", "london", "york"}),
    ],
)  # fmt: skip
def test_dates_and_times_match_as_the_standard_says(
    query: dict[str, str], names: set[str], client: Client, project: Project, radiologist: User
) -> None:
    for name, (day, clock, offset) in TIMES.items():
        dataset = made.ct_slice(name)
        dataset.StudyDate, dataset.StudyTime = day, clock
        if offset:
            dataset.TimezoneOffsetFromUTC = offset
        arrived(made.file_bytes(dataset), project, radiologist)
    assert _found(client, **query) == {str(made.file_uid(name, "study")) for name in names}


@pytest.mark.parametrize(
    "query",
    [
        {"StudyDate": "2025"}, {"StudyDate": "-"}, {"StudyDate": "20251301"}, {"StudyTime": "noon"},
        {"StudyTime": "2500-"}, {"TimezoneOffsetFromUTC": "CET"}, {"limit": "٣"},
        {"StudyDate": "00010101-", "TimezoneOffsetFromUTC": "+1400", "StudyTime": "0000-"},
    ],
)  # fmt: skip
def test_what_cannot_be_understood_is_a_coded_answer(query: dict[str, str], client: Client) -> None:
    response = client.get("/dicomweb/studies", query)
    assert (response.status_code, response.json()["code"]) == (400, "parameter_wrong")


def test_commas_wild_signs_and_words_that_are_no_times_match_what_is_written(
    client: Client, project: Project, radiologist: User
) -> None:
    for name, description, clock in (("one", "CT, chest", "101500"), ("two", "chest", "noon"), ("three", "", "")):
        dataset = made.ct_slice(name)
        dataset.StudyDescription, dataset.StudyTime = description, clock
        arrived(made.file_bytes(dataset), project, radiologist)
        Workitem.objects.create(project=project, study=Study.objects.get(study_instance_uid=dataset.StudyInstanceUID))
    one, two, three = (str(made.file_uid(name, "study")) for name in ("one", "two", "three"))
    assert _found(client, StudyDescription="CT, chest") == {one}
    assert _found(client, StudyDescription="CT*") == {one}
    assert _found(client, ModalitiesInStudy="CT,MR") == {one, two, three}
    assert _found(client, ModalitiesInStudy="MR,") == set(), "nothing after the comma asks for nothing"
    assert _found(client, StudyTime="0800-") == {one}
    assert _found(client, StudyDate="20200301-", StudyTime="0800-") == {one}
    assert _found(client, StudyTime="-2359") == {one}
    page = worklist_page(radiologist, WorklistFilter(q="one*chest"))
    assert page.rows == [], "a wild sign does not reach from the patient's name into the description"
    page = worklist_page(radiologist, WorklistFilter(q="c*chest"))
    assert [row["study"]["study_instance_uid"] for row in page.rows] == [one]


def test_dates_of_early_years_have_eight_digits(client: Client, project: Project, radiologist: User) -> None:
    dataset = made.ct_slice()
    dataset.PatientBirthDate = dataset.StudyDate = "00010101"
    arrived(made.file_bytes(dataset), project, radiologist)
    [row] = client.get("/dicomweb/studies").json()
    assert (row["00100030"]["Value"], row["00080020"]["Value"]) == (["00010101"], ["00010101"])
