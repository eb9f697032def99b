"""What a new version of a form changes, in sentences; and which stored data would no longer fit it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from core.errors import Problem
from core.forms.checking import check
from core.forms.flows import diff_flows
from core.forms.model import Field, Form, When
from core.forms.types import FIELD_TYPES
from core.forms.values import clean, format_value
from core.i18n import _

SAMPLES = 20


@dataclass(frozen=True, slots=True)
class Breaking:
    """How stored data meets a new version: how many were looked at, how many no longer fit, and why."""

    checked: int
    wrong: int
    by_field: Mapping[str, int]
    samples: tuple[tuple[str, tuple[Problem, ...]], ...]  # (id, problems) of the first few


def breaking_check(form: Form, rows: Iterable[tuple[str, Mapping[str, Any]]]) -> Breaking:
    """Check stored `rows` of (id, data) against `form`. Values of fields that `form` lost stay and do not count."""
    checked, wrong, by_field, samples = 0, 0, Counter[str](), []
    for row_id, data in rows:
        checked += 1
        known = {name: value for name, value in data.items() if name in form.fields or name in form.hidden}
        problems = check(form, clean(form, known))
        if problems:
            wrong += 1
            by_field.update({problem.field.partition(".")[0] for problem in problems})
            if len(samples) < SAMPLES:
                samples.append((row_id, tuple(problems)))
    return Breaking(checked, wrong, dict(by_field.most_common()), tuple(samples))


def diff_definitions(old: Form | None, new: Form) -> list[str]:
    """What publishing `new` over `old` changes, a sentence each, the weighty first within a field."""
    if old is None:
        return [_("新建表单“{title}”，共 {n} 个字段", title=new.title, n=len(new.fields))]
    before, after = _all(old), _all(new)
    said: list[str] = []
    if old.title != new.title:
        said.append(_("表单改名：“{old}”改为“{new}”", old=old.title, new=new.title))
    if old.description != new.description:
        said.append(_("修改表单说明"))
    said += [_added(field) for name, field in after.items() if name not in before]
    said += [_removed(field) for name, field in before.items() if name not in after]
    for name, field in after.items():
        if name in before:
            governed = name in {form.flow.field for form in (old, new) if form.flow}
            said += _field(before[name], field, hidden=(name in old.hidden, name in new.hidden), governed=governed)
    said += diff_flows(old.flow, new.flow, {name: field.title for name, field in after.items()})
    return said + _form(old, new)


def _all(form: Form) -> dict[str, Field]:
    return {**form.fields, **form.hidden}


def _added(field: Field) -> str:
    kind = _(FIELD_TYPES[field.type].title)
    if field.required:
        return _("新增必填字段“{title}”（{kind}），已有的数据要补填", title=field.title, kind=kind)
    return _("新增字段“{title}”（{kind}）", title=field.title, kind=kind)


def _removed(field: Field) -> str:
    return _("删除字段“{title}”，已存的值保留但不再显示", title=field.title)


def _field(old: Field, new: Field, *, hidden: tuple[bool, bool], governed: bool = False) -> list[str]:
    title = new.title
    said = []
    if old.title != new.title:
        said.append(_("字段改名：“{old}”改为“{new}”", old=old.title, new=new.title))
    if hidden == (False, True):
        said.append(_("隐藏字段“{title}”，已存的值保留", title=title))
    if hidden == (True, False):
        said.append(_("重新显示字段“{title}”", title=title))
    if old.type != new.type:
        kinds = {"old": _(FIELD_TYPES[old.type].title), "new": _(FIELD_TYPES[new.type].title)}
        return [*said, _("“{title}”的类型由“{old}”改为“{new}”，不合新类型的值需要改正", title=title, **kinds)]
    if old.required != new.required:
        text = _("“{title}”改为必填，空着的数据要补填") if new.required else _("“{title}”改为选填")
        said.append(text.format(title=title))
    said += _choices(old, new)
    said += _limits(old, new)
    said += _columns(old, new)
    return said + _words(old, new, governed=governed)


def _choices(old: Field, new: Field) -> list[str]:
    before = {choice.value: choice.title for choice in old.choices}
    after = {choice.value: choice.title for choice in new.choices}
    added = [title for value, title in after.items() if value not in before]
    gone = [title for value, title in before.items() if value not in after]
    renamed = [(title, after[value]) for value, title in before.items() if value in after and after[value] != title]
    said = [_("“{title}”的选项“{old}”改名为“{new}”", title=new.title, old=a, new=b) for a, b in renamed]
    if added:
        said.append(_("“{title}”新增选项：{names}", title=new.title, names=_("、").join(added)))
    if gone:
        said.append(_("“{title}”删除选项：{names}，已选了它们的数据要改选", title=new.title, names=_("、").join(gone)))
    if not (added or gone) and list(before) != list(after):
        said.append(_("调整“{title}”的选项顺序", title=new.title))
    return said


def _limits(old: Field, new: Field) -> list[str]:
    names = {
        "minimum": _("最小值"), "maximum": _("最大值"), "max_length": _("最大长度"), "min_items": _("最少项数"),
        "max_items": _("最多项数"), "decimals": _("小数位数"), "pattern": _("格式"),
    }  # fmt: skip
    said = []
    for attribute, name in names.items():
        before, after = getattr(old, attribute), getattr(new, attribute)
        if before != after:
            words = {"title": new.title, "name": name, "old": _limit(before), "new": _limit(after)}
            said.append(_("“{title}”的{name}由 {old} 改为 {new}", **words))
    if old.ref != new.ref:
        said.append(_("“{title}”改为关联另一张表单，已关联的数据要重选", title=new.title))
    return said


def _limit(value: Any) -> str:
    return _("不限") if value is None else str(value)


def _columns(old: Field, new: Field) -> list[str]:
    before = {column.name: column for column in old.columns}
    after = {column.name: column for column in new.columns}
    changes = [_added(column) for name, column in after.items() if name not in before]
    changes += [_removed(column) for name, column in before.items() if name not in after]
    for name, column in after.items():
        if name in before:
            changes += _field(before[name], column, hidden=(False, False))
    if not changes and list(before) != list(after):
        changes = [_("调整列的顺序")]
    return [_("明细“{title}”：{change}", title=new.title, change=change) for change in changes]


def _words(old: Field, new: Field, *, governed: bool) -> list[str]:
    said = []
    if (old.help, old.section, old.unit) != (new.help, new.section, new.unit):
        said.append(_("修改“{title}”的说明、分组或单位", title=new.title))
    if old.default != new.default:
        shown = _default(new)
        said.append(_("“{title}”的默认值改为{value}", title=new.title, value=shown))
    if old.default_formula != new.default_formula:
        said.append(_("“{title}”的默认值改由公式算出：{formula}", title=new.title, formula=_short(new.default_formula))
                    if new.default_formula else _("“{title}”的默认值不再由公式算出", title=new.title))  # fmt: skip
    said += _when(old, new)
    if old.formula != new.formula:
        said.append(_formula(old, new))
    elif old.computed != new.computed and not governed:
        text = _("“{title}”改为自动计算") if new.computed else _("“{title}”改为人工填写")
        said.append(text.format(title=new.title))
    if old.pii != new.pii:
        text = _("“{title}”标为个人信息") if new.pii else _("“{title}”不再标为个人信息")
        said.append(text.format(title=new.title))
    return said


def _formula(old: Field, new: Field) -> str:
    if not new.formula:
        return _("“{title}”不再用公式计算", title=new.title)
    if old.formula:
        text = _("“{title}”的公式改为 {formula}；已有的内容发布后在后台重新计算")
    else:
        text = _("“{title}”改用公式计算：{formula}；已有的内容发布后在后台计算")
    return text.format(title=new.title, formula=_short(new.formula))


def _short(formula: str) -> str:
    return formula if len(formula) <= 120 else formula[:120] + "…"


def _when(old: Field, new: Field) -> list[str]:
    """What changes in the conditions of a field."""
    before, after = old.when or When(), new.when or When()
    kinds = {"visible": _("显示条件"), "required": _("必填条件"), "readonly": _("只读条件")}
    said = []
    for kind, name in kinds.items():
        was, now = getattr(before, kind), getattr(after, kind)
        if was != now:
            words = {"title": new.title, "name": name, "formula": _short(now)}
            text = _("“{title}”的{name}改为 {formula}") if now else _("“{title}”不再有{name}")
            said.append(text.format(**words))
    if after.visible and (before.hidden, before.visible) != (after.hidden, after.visible):
        text = _("“{title}”不显示时清空，从下次保存起")
        text = _("“{title}”不显示时保留已填的值") if after.hidden == "keep" else text
        said.append(text.format(title=new.title))
    return said


def _default(field: Field) -> str:
    fixed = {"today": _("当天"), "now": _("当时"), "me": _("本人")}
    if field.default is None:
        return _("空")
    if field.type in ("date", "datetime", "person") and field.default in fixed:
        return fixed[field.default]
    return _("“{value}”", value=format_value(field, field.default))


def _form(old: Form, new: Form) -> list[str]:
    said = []
    if old.key != new.key:
        names = _("、").join(new.fields[name].title for name in new.key)
        changed = _("唯一标识改为：{names}，重复的数据要先改正", names=names)
        said.append(changed if names else _("不再有唯一标识，可以出现重复"))
    if old.label != new.label and new.label:
        said.append(_("在别处显示的名称改用“{title}”", title=new.fields[new.label].title))
    if old.list != new.list:
        names = _("、").join(new.fields[name].title for name in new.list)
        said.append(_("列表的列改为：{names}", names=names))
    kept = [name for name in old.fields if name in new.fields]
    if kept != [name for name in new.fields if name in old.fields]:
        said.append(_("调整字段顺序"))
    said += [_("新增规则：{message}", message=_(one.message)) for one in new.rules if one not in old.rules]
    said += [_("删去规则：{message}", message=_(one.message)) for one in old.rules if one not in new.rules]
    if old.menu != new.menu:
        said.append(_("在菜单中显示") if new.menu else _("不在菜单中显示"))
    return said
