"""Finding, checking and calling the Python of modules; what they may implement is in spec.py."""

from __future__ import annotations

import importlib
import importlib.util
import inspect
from collections.abc import Callable, Iterable, Mapping
from fnmatch import fnmatchcase
from importlib.metadata import entry_points
from types import ModuleType
from typing import Any, TypeVar

import pluggy

from core.errors import DougongError
from core.hooks.model import Manifest
from core.hooks.spec import PROJECT, STARTUP_HOOKS, TENANT_HOOKS, Specification

GROUP = "dougong.plugins"  # entry points of packages installed from elsewhere


class ModuleFailed(DougongError):
    """A module cannot be loaded: the start stops and the sentence names it."""

    code = "module_failed"


Function = TypeVar("Function", bound=Callable[..., Any])


def for_forms(*patterns: str) -> Callable[[Function], Function]:
    """Send a record hook only for these forms ("cost_center.entry", "cost_center.*"): others are spared the call."""

    def mark(function: Function) -> Function:
        function.for_forms = patterns  # type: ignore[attr-defined]
        return function

    return mark


def independent(*patterns: str) -> Callable[[Function], Function]:
    """Promise of `record_compute` or `record_validate`, for these forms: its answer about one row does not depend on
    what is stored of the other rows of the same set, so that bulk writes may judge a thousand before they write them.

    What such a hook has looked up it may keep in `ctx.records.memory`, which is emptied before every single write
    and between sets: a row may be judged by what was so when its set began.
    """

    def mark(function: Function) -> Function:
        function.independent = patterns  # type: ignore[attr-defined]
        return function

    return mark


class Caller:
    """The hooks of one set of enabled modules; made once per set and kept."""

    def __init__(self, manager: pluggy.PluginManager, off: Iterable[Any]) -> None:
        self._manager = manager
        self._off = list(off)
        self._callers: dict[tuple[str, str], pluggy.HookCaller | None] = {}

    def has(self, hook: str, form: str = "") -> bool:
        """Whether an enabled module wants `hook` (for `form`): spares the work of preparing a call."""
        return self._caller(hook, form) is not None

    def row_by_row(self, form: str) -> bool:
        """Whether a row of a bulk write must be stored before the next one is judged: some module looks at it."""
        return self.has("record_saved", form) or any(
            not _matches(getattr(one.function, "independent", ()), form)
            for hook in ("record_compute", "record_validate")
            if (caller := self._caller(hook, form)) is not None
            for one in caller.get_hookimpls()
        )

    async def call(self, hook: str, **values: Any) -> list[Any]:
        """Await each implementation in the order of module names; answers of None are left out."""
        form = values.get("form")
        caller = self._caller(hook, form.name if form is not None else "")
        if caller is None:
            return []
        waiting = caller(**values)
        answers = []
        try:
            for coroutine in waiting:
                answers.append(await coroutine)
        finally:
            for coroutine in waiting[len(answers) :]:
                coroutine.close()  # one failed: those behind it never run, and are not left dangling
        return [answer for answer in answers if answer is not None]

    def _caller(self, hook: str, form: str) -> pluggy.HookCaller | None:
        key = (hook, form)
        if key not in self._callers:
            implementations = getattr(self._manager.hook, hook).get_hookimpls()
            silent = [i.plugin for i in implementations if form and not _wants(i.function, form)]
            caller = self._manager.subset_hook_caller(hook, [*self._off, *silent])
            self._callers[key] = caller if caller.get_hookimpls() else None
        return self._callers[key]


def _wants(function: Any, form: str) -> bool:
    return _matches(getattr(function, "for_forms", ("*",)), form)


def _matches(patterns: Iterable[str], form: str) -> bool:
    return any(fnmatchcase(form, pattern) for pattern in patterns)


class Modules:
    """Every module that was found: manifests of all, Python of those that have some."""

    def __init__(self, manifests: Mapping[str, Manifest], plugins: Mapping[str, Any]) -> None:
        self.manifests = dict(sorted(manifests.items()))
        self.plugins = dict(sorted(plugins.items()))
        self._manager = pluggy.PluginManager(PROJECT)
        self._manager.add_hookspecs(Specification)
        for name, plugin in reversed(self.plugins.items()):  # pluggy calls the last registered first
            self._register(name, plugin)
        self._callers: dict[frozenset[str], Caller] = {}
        self._routes: list[tuple[str, list[Any]]] | None = None

    def _register(self, name: str, plugin: Any) -> None:
        try:
            self._manager.register(plugin, name)
            self._manager.check_pending()
        except pluggy.PluginValidationError as error:
            raise ModuleFailed(f"module {name!r}: {error}") from error
        for caller in self._manager.get_hookcallers(plugin) or []:
            for implementation in caller.get_hookimpls():
                _check_colour(name, caller.name, implementation.function)

    def caller(self, enabled: frozenset[str]) -> Caller:
        """Hooks for a tenant with these modules on. What is no module (the interface) is always on."""
        if enabled not in self._callers:
            off = [p for name, p in self.plugins.items() if name in self.manifests and name not in enabled]
            self._callers[enabled] = Caller(self._manager, off)
        return self._callers[enabled]

    def routes(self) -> list[tuple[str, list[Any]]]:
        """(module, its routes) of everything that serves pages, in name order; asked of each module once."""
        if self._routes is None:
            implementations = reversed(self._manager.hook.register_routes.get_hookimpls())
            self._routes = [(one.plugin_name, list(one.function())) for one in implementations]
        return self._routes

    def jobs(self) -> list[Any]:
        """The kinds of job of every module; each bears its module's name."""
        found = []
        for one in reversed(self._manager.hook.register_jobs.get_hookimpls()):
            for kind in one.function():
                if kind.module != one.plugin_name:
                    raise ModuleFailed(
                        f"module {one.plugin_name!r}: its job {kind.name!r} must be named {one.plugin_name}.<kind>"
                    )
                found.append(kind)
        return found

    def pages_of(self, module: str) -> tuple[str, ...]:
        """The paths of a module's own pages, for those who decide whether to switch it on."""
        routes = next((routes for name, routes in self.routes() if name == module), [])
        paths = {path for route in routes for path in getattr(route, "paths", ())}
        return tuple(sorted(path if path.startswith("/") else f"/{path}" for path in paths))

    def hooks_of(self, module: str) -> tuple[str, ...]:
        """The request hooks that a module implements."""
        plugin = self.plugins.get(module)
        callers = (self._manager.get_hookcallers(plugin) or []) if plugin is not None else []
        return tuple(sorted(caller.name for caller in callers if caller.name in TENANT_HOOKS))


def _check_colour(module: str, hook: str, function: Any) -> None:
    asynchronous = inspect.iscoroutinefunction(function)
    if hook in STARTUP_HOOKS and asynchronous:
        raise ModuleFailed(f"module {module!r}: hook {hook} is sent at start and must be a plain function")
    if hook in TENANT_HOOKS and not asynchronous:
        raise ModuleFailed(f"module {module!r}: hook {hook} is sent on requests and must be `async def`")


def find_plugins(manifests: Mapping[str, Manifest], *, package: str = "plugins") -> dict[str, ModuleType]:
    """The Python of each module: `plugins.<name>`, or an installed package's entry point of that name.

    An import that fails is never swallowed: it stops the start, named.
    """
    installed = {point.name: point.value for point in entry_points(group=GROUP)}
    found = {}
    for name in manifests:
        target = installed.get(name, f"{package}.{name}")
        if name in installed or _exists(target):
            found[name] = _load(name, target)
    return found


def _exists(target: str) -> bool:
    parent = target.rpartition(".")[0]
    return importlib.util.find_spec(parent) is not None and importlib.util.find_spec(target) is not None


def _load(name: str, target: str) -> ModuleType:
    try:
        return importlib.import_module(target)
    except Exception as error:
        raise ModuleFailed(f"module {name!r} cannot be loaded from {target}: {error!r}") from error
