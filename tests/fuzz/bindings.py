"""Random programs as in `language.py`, with names that may not be bound: `:=` where it may not run, `del`, None; with
comprehensions in expressions, inner functions called by keywords, `finally`, and loops through what is no range."""

from __future__ import annotations

from tests.fuzz.language import LanguageProgram


class BindingProgram(LanguageProgram):
    """One random function."""

    def __init__(self, seed: int) -> None:
        self.maybe: list[str] = []
        self.called: list[str] = []
        self.inside = 0  # comprehensions and inner functions
        super().__init__(seed)

    def block(self, indent: int, n: int) -> list[str]:
        known = list(self.maybe), list(self.called)
        lines = super().block(indent, n)
        if indent > 1:
            self.maybe, self.called = known
        return lines

    def definition(self, indent: int) -> list[str]:
        self.inside += 1
        lines = super().definition(indent)
        self.inside -= 1
        return lines

    def binding(self) -> str:
        r = self.random
        names = [n for n in self.assigned if n[0] not in "kw" and n not in ("y", "z", self.hide)] or ["t0"]
        name = r.choice(names) if r.random() < 0.8 else f"t{r.randint(0, 3)}"
        return f"({name} := {self.integer(2) if name[0] == 'i' else self.term(2)})"

    def comprehension(self) -> str:
        r = self.random
        self.inside += 1
        name = f"c{r.randint(0, 2)}"
        self.assigned.append(name)
        test = f" if {self.condition(2)}" if r.random() < 0.4 else ""
        items = f"{self.term(2)} for {name} in range({r.randint(0, 4)}){test}"
        self.assigned.pop()
        self.inside -= 1
        return r.choice([
            f"sum([{items}])", f"sum({items})", f"len([{items}])", f"max(({items}), default=0)",
            f"max([{items}] + [0])", f"sum(sorted([{items}]))",
        ])  # fmt: skip

    def leaf(self) -> str:
        r = self.random
        kind = r.random()
        if kind < 0.07 and not self.inside:
            return self.binding() if kind < 0.05 else self.comprehension()
        if kind < 0.10 and self.maybe:
            name = r.choice(self.maybe)
            return f"(0 if {name} is None else {name})"
        if kind < 0.12:
            return f"({self.integer(2)}, {self.leaf()})[{r.choice(['0', '1', '-1', 'i0', 'i0 % 2', 'i0 > 1'])}]"
        if kind < 0.14:
            return f"({self.integer(2)} {r.choice(['in', 'not in'])} ({self.integer(2)}, {self.leaf()}, 3))"
        if kind < 0.17 and self.called:
            form = r.choice(["{0}({1})", "{0}({1}, y={2})", "{0}(x={1})", "{0}(y={1}, x={2})", "{0}(*({1}, {2}))"])
            return form.format(r.choice(self.called), self.integer(2), self.leaf())
        return super().leaf()

    def statement(self, indent: int) -> list[str]:
        r, pad = self.random, "    " * indent
        kind = r.random()
        if kind < 0.05:
            name = f"n{r.randint(0, 1)}"
            self.maybe.append(name)
            either = f"{self.term(2)} if {self.condition(2)} else None"
            return [pad + f"{name} = {r.choice(['None', self.term(2), either])}"]
        if kind < 0.07:
            name = r.choice(self.assigned)
            if name[0] not in "kwyz":
                return [pad + f"if {self.condition(2)}: del {name}", pad + f"{name} = {r.choice(['1', '2.5'])}"]
        if kind < 0.09 and indent == 1:
            self.counter += 1
            name = f"d{self.counter}"
            self.called.append(name)
            body = r.choice(["x - y", "y if x > y else x", "(x, y)[0] + y", f"x + y * {r.choice(self.ints)}"])
            return [pad + f"def {name}(x, y={r.choice(['2', '-0.5'])}):", pad + f"    return {body}"]
        if kind < 0.11 and indent < 4:
            body = self.block(indent + 1, r.randint(1, 2))
            return [pad + "try:", *body, pad + "finally:", *self.block(indent + 1, 1)]
        if kind < 0.15 and indent < 4:
            return self.loop(indent, kind < 0.13)
        return super().statement(indent)

    def loop(self, indent: int, bound: bool) -> list[str]:
        r, pad = self.random, "    " * indent
        self.counter += 1
        known = list(self.assigned)
        self.loops += 1
        if bound:
            name = f"w{self.counter}"
            test = f"{self.binding()} {r.choice(['<', '!=', '>'])} {self.integer(2)}"
            less = f"{name} < {r.randint(1, 5)}"
            lines = [pad + f"{name} = 0", pad + f"while {less} {r.choice(['and', 'and not'])} {test}:"]
            lines.append(pad + f"    {name} += 1")
        else:
            name = f"v{self.counter}"
            plain = [f"({self.term(2)}, {self.integer(2)}, 0.5)", "(1, 2.5, True)"]
            plain.append(f"[{self.integer(2)}, {self.leaf()}]")
            pairs = ["enumerate(range(3))", "zip(range(4), (1, 2.5, 3))"]
            iterable = r.choice([*plain, *pairs, f"reversed(range({r.randint(0, 4)}))"])
            lines = [pad + f"for {name}{', u' if iterable in pairs else ''} in {iterable}:"]
            self.assigned.append(name)
        lines += self.block(indent + 1, r.randint(1, 2))
        if r.random() < 0.4:
            lines += [pad + "else:", *self.block(indent + 1, 1)]
        self.loops -= 1
        self.assigned = known
        return lines
