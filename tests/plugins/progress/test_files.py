"""Files of MS Project and Primavera: what is understood comes over exactly, what is not is said, nothing crashes."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime
from decimal import Decimal

import pytest

from plugins.progress import mspdi, xer
from plugins.progress.interchange import CalendarSpec, LinkSpec, PlanFile, TaskSpec, Unreadable

WORK = ((480, 720), (780, 1020))
PLAN = PlanFile(
    name="春晖里改造",
    start=datetime(2026, 3, 2, 8),
    data_date=datetime(2026, 4, 1, 17),
    calendar="a",
    calendars={
        "a": CalendarSpec(name="五天", exceptions={date(2026, 5, 1): (), date(2026, 5, 9): ((480, 720),)}),
        "b": CalendarSpec(name="两班", week=(((0, 360), (1080, 1440)),) * 7, hours_per_day=Decimal(12)),
    },
    tasks=(
        TaskSpec(id="s", name="土建", kind="summary", wbs="1"),
        TaskSpec(id="x", name="开挖", parent="s", minutes=2405, wbs="1.1", actual_start=datetime(2026, 3, 2, 8),
                 percent=Decimal(50), remaining=1203, calendar="b"),
        TaskSpec(id="y", name="支护 & 降水", parent="s", minutes=480, wbs="1.2", constraint="FNLT",
                 constraint_at=datetime(2026, 4, 10, 17)),
        TaskSpec(id="m", name="出零", kind="finish_milestone", wbs="2", constraint="ALAP"),
    ),
    links=(LinkSpec("x", "y", "SS", 480), LinkSpec("y", "m", "FF", -60), LinkSpec("x", "m", "SF")),
)  # fmt: skip


@pytest.mark.parametrize("format", [mspdi, xer])
def test_what_is_written_is_read_again(format):
    read = format.read(format.write(PLAN))
    assert (read.name, read.start, read.data_date) == (PLAN.name, PLAN.start, PLAN.data_date)
    # MS Project has one length of a day for the whole file: durations are minutes, so that nothing depends on it
    hours = {"hours_per_day": Decimal(8)} if format is mspdi else {}
    assert list(read.calendars.values()) == [replace(spec, **hours) for spec in PLAN.calendars.values()]
    by_name = {task.id: task.name for task in read.tasks}
    for mine, theirs in zip(PLAN.tasks, read.tasks, strict=True):
        same = ("name", "wbs", "kind", "minutes", "constraint", "constraint_at", "actual_start", "percent", "remaining")
        assert [getattr(mine, name) for name in same] == [getattr(theirs, name) for name in same]
        assert by_name.get(theirs.parent) == ("土建" if mine.parent else None)
    links = {(by_name[link.before], by_name[link.after], link.type, link.lag) for link in read.links}
    assert links == {("开挖", "支护 & 降水", "SS", 480), ("支护 & 降水", "出零", "FF", -60), ("开挖", "出零", "SF", 0)}
    assert not read.notices


def project(inside: str) -> bytes:
    return f'<?xml version="1.0"?><Project xmlns="{mspdi.SPACE}"><Name>a.xml</Name>{inside}</Project>'.encode()


def notices(plan: PlanFile) -> dict[str, str]:
    return {notice.code: notice.detail for notice in plan.notices}


def test_ms_project_with_what_is_not_understood_is_read_all_the_same():
    plan = mspdi.read(project("""
      <Calendars><Calendar><UID>1</UID><Name>空</Name><IsBaseCalendar>1</IsBaseCalendar><WeekDays>
        {}</WeekDays></Calendar></Calendars>
      <Tasks><Task><UID>0</UID><OutlineLevel>0</OutlineLevel><Name>项目</Name></Task>
        <Task><UID>5</UID><Name>甲</Name><OutlineLevel>1</OutlineLevel><Duration>forever</Duration>
          <ConstraintType>99</ConstraintType><CalendarUID>7</CalendarUID>
          <PredecessorLink><PredecessorUID>404</PredecessorUID></PredecessorLink></Task></Tasks>
      <Resources><Resource><UID>1</UID></Resource></Resources>
    """.format("".join(f"<WeekDay><DayType>{n}</DayType><DayWorking>0</DayWorking></WeekDay>" for n in range(1, 8)))))
    assert [(task.name, task.minutes, task.calendar) for task in plan.tasks] == [("甲", 0, None)]
    assert plan.links == ()
    assert notices(plan) == {
        "empty_calendar": "空", "missing_calendar": "7", "constraint": "99", "dangling": "404 → 5",
        "duration": "forever", "ignored": "Resources",
    }  # fmt: skip


def test_elapsed_and_percentage_lags_are_what_ms_project_means():
    link = (
        "<PredecessorLink><PredecessorUID>1</PredecessorUID><LinkLag>{}</LinkLag>"
        "<LagFormat>{}</LagFormat></PredecessorLink>"
    )
    task = "<Task><UID>{}</UID><OutlineLevel>1</OutlineLevel><Duration>PT10H0M0S</Duration>{}</Task>"
    lines = task.format(1, "") + task.format(2, link.format(14400, 8)) + task.format(3, link.format(50, 19))
    plan = mspdi.read(project(f"<Tasks>{lines}</Tasks>"))
    assert [(link.lag, link.lag_calendar) for link in plan.links] == [(1440, "elapsed"), (300, "successor")]


def test_ten_thousand_empty_tasks_are_ten_thousand_tasks():
    lines = "".join(f"<Task><UID>{n}</UID></Task>" for n in range(1, 10_001))
    plan = mspdi.read(project(f"<Tasks>{lines}</Tasks>"))
    assert len(plan.tasks) == 10_000


@pytest.mark.parametrize(
    "content",
    [b"", b"<Project", b"<html/>", b'<!DOCTYPE a [<!ENTITY b "c">]><Project>&b;</Project>', "计划".encode("gb18030")],
)
def test_what_is_no_ms_project_file_is_refused(content):
    with pytest.raises(Unreadable):
        mspdi.read(content)


def test_an_xer_file_in_gbk_is_read_in_chinese():
    assert "春晖里改造".encode("gb18030") in xer.write(PLAN)
    assert xer.decoded("测试，一".encode("gb18030")) == "测试，一"
    assert xer.decoded("Façade – é".encode("cp1252")) == "Façade – é"
    assert xer.decoded("测试".encode()) == "测试"


CALENDAR = (
    "(0||CalendarData()(\x7f\x7f  (0||DaysOfWeek()(    (0||1()())    (0||2()(      (0||0(s|08:00|f|12:00)())"
    "      (0||1(s|13:00|f|17:00)())    ))  ))  (0||VIEW(ShowTotal|N)())  (0||Exceptions()(    (0||0(d|46143)())"
    "    (0||1(d|46151)(      (0||0(s|08:00|f|12:00)())    ))  ))))"
)
XER = """ERMHDR\t8.0
%T\tPROJECT
%F\tproj_id\tproj_short_name\tplan_start_date\tlast_recalc_date\tclndr_id
%R\t1\tA\t2026-03-02 08:00\t2026-03-10 17:00\t9
%R\t2\tB\t\t\t9
%T\tCALENDAR
%F\tclndr_id\tclndr_name\tday_hr_cnt\tclndr_data
%R\t9\t五天\t8\t{calendar}
%R\t8\t空\t8\t(0||CalendarData()())
%T\tPROJWBS
%F\twbs_id\tproj_id\tparent_wbs_id\twbs_name\tproj_node_flag\tseq_num
%R\t1\t1\t\t工程甲\tY\t0
%R\t2\t1\t1\t土建\tN\t1
%R\t3\t2\t\t别的\tY\t0
%T\tTASK
%F\ttask_id\tproj_id\twbs_id\tclndr_id\ttask_code\ttask_name\ttask_type\ttarget_drtn_hr_cnt\tremain_drtn_hr_cnt\tcstr_type\tact_start_date\tcomplete_pct_type
%R\t10\t1\t2\t9\tA10\t开挖\tTT_Task\t40\t10\tCS_MSOA\t2026-03-02 08:00\tCP_Drtn
%R\t11\t1\t2\t7\tA20\t支护\tTT_Odd\t8\t8\tCS_ODD
%R\t12\t2\t3\t9\tB10\t别的\tTT_Task\t8\t8\t
%T\tTASKPRED
%F\ttask_pred_id\ttask_id\tpred_task_id\tpred_type\tlag_hr_cnt
%R\t1\t11\t10\tPR_FF\t-4
%R\t2\t11\t404\tPR_FS\t0
%T\tUDFTYPE
%F\ta
%E
"""


def test_an_xer_file_with_several_projects_odd_kinds_and_dangling_links():
    plan = xer.read(XER.replace("{calendar}", CALENDAR).encode("gb18030"))
    assert (plan.name, plan.start) == ("工程甲", datetime(2026, 3, 2, 8))
    assert [(task.name, task.kind, task.minutes, task.percent) for task in plan.tasks] == [
        ("土建", "summary", 0, 0), ("开挖", "task", 2400, 75), ("支护", "task", 480, 0),
    ]  # fmt: skip
    assert plan.links == (LinkSpec("10", "11", "FF", -240, "predecessor"),)
    calendar = plan.calendars["9"]
    assert (calendar.week[0], calendar.week[1], calendar.week[6]) == (WORK, (), ())
    assert calendar.exceptions == {date(2026, 5, 1): (), date(2026, 5, 9): ((480, 720),)}
    assert notices(plan) == {
        "other_project": "B", "ignored": "UDFTYPE", "empty_calendar": "空", "missing_calendar": "7",
        "task_type": "TT_Odd", "constraint": "CS_ODD", "dangling": "404 → 11", "short_row": "",
    }  # fmt: skip


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04", b"ERMHDR\t8.0\n%E\n", "计划".encode("gb18030")])
def test_what_is_no_xer_file_is_refused(content):
    with pytest.raises(Unreadable):
        xer.read(content)
