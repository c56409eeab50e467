"""Random programs as in `programs.py`, with functions made inside, `try`, tuples with names and lists."""

from __future__ import annotations

from tests.fuzz.programs import Program


class LanguageProgram(Program):
    """One random function."""

    def __init__(self, seed: int) -> None:
        self.inner: list[str] = []
        self.tuples: list[str] = []
        self.lists: list[str] = []
        self.tables: list[str] = []
        super().__init__(seed)

    def block(self, indent: int, n: int) -> list[str]:
        known = list(self.inner), list(self.tuples), list(self.lists), list(self.tables)
        lines = super().block(indent, n)
        if indent > 1:
            self.inner, self.tuples, self.lists, self.tables = known
        return lines

    def statement(self, indent: int) -> list[str]:
        r, pad = self.random, "    " * indent
        kind = r.random()
        if kind < 0.12 and indent < 4:
            return self.definition(indent)
        if kind < 0.16 and indent < 4:
            lines = [pad + "try:", *self.block(indent + 1, r.randint(1, 2))]
            caught = r.choice(["Exception", "ZeroDivisionError", "(IndexError, ValueError)", "ArithmeticError as e"])
            lines += [pad + f"except {caught}:", *self.block(indent + 1, 1)]
            if r.random() < 0.3:
                lines += [pad + "else:", *self.block(indent + 1, 1)]
            return lines
        if kind < 0.22:
            name = f"q{r.randint(0, 1)}"
            line = pad + f"{name} = Pair({self.term(1)}, {r.choice(['', 'b='])}{self.integer(1)})"
            self.tuples.append(name)
            return [line]
        if kind < 0.30:
            name = f"l{r.randint(0, 1)}"
            if name not in self.lists or r.random() < 0.1:
                line = pad + f"{name} = {r.choice(['[]', f'[{self.term(2)}]'])}"
                self.lists.append(name)
                return [line]
            return [pad + r.choice([
                f"{name}.append({self.term(1)})", f"{name}.append({self.term(1)})", f"{name}.append({self.integer(1)})",
                f"{name}[{self.integer(3)}] = {self.term(2)}", f"if {name}: y = {name}.pop()", f"{name}[-1] += 1",
            ])]  # fmt: skip
        if kind < 0.38:
            return [pad + line for line in self.table()]
        return super().statement(indent)

    def table(self) -> list[str]:
        """A statement about a list of numbers, m, or a list of such lists, t."""
        r = self.random
        name = r.choice(["m0", "m1", "t0", "t1"])
        i, j, term = self.integer(3), self.integer(3), self.term(2)
        if name not in self.tables or r.random() < 0.1:
            self.tables.append(name)
            if name[0] == "m":
                made = ["list(range(3))", f"[{term}] * 3", f"[k * 2 for k in range({i} % 4)]", f"[{term}, 1, 0.5]"]
                return [f"{name} = {r.choice([*made, *[m + '[:]' for m in self.tables if m[0] == 'm']])}"]
            made = [f"[[{term}] * 3 for k in range(3)]", "[[k - l for l in range(3)] for k in range(2)]"]
            made.append("[[1, 2], [3, 4]]")
            copies = [f"[row[:] for row in {t}]" for t in self.tables if t[0] == "t"]
            return [f"{name} = {r.choice([*made, *copies, f'[[1] * (k + 1) for k in range({i} % 4)]'])}"]
        if name[0] == "m":
            return r.choice([
                [f"{name}[{i}] = {term}"], [f"{name}[{i} % 3] += {term}"], [f"for y in {name}:", "    z = y"],
                [f"z = {r.choice(['sum', 'max', 'min', 'len'])}({name})"],
            ])  # fmt: skip
        return r.choice([
            [f"{name}[{i}][{j}] = {term}"], [f"{name}[{i} % 2][{j} % 2] += {term}"],
            [f"row = {name}[{i}]", f"row[{j}] = {term}"], [f"for row in {name}:", "    z = row[-1]", "    row[0] += 1"],
        ])  # fmt: skip

    def definition(self, indent: int) -> list[str]:
        r, pad = self.random, "    " * indent
        self.counter += 1
        name = f"g{self.counter}"
        known, loops, self.loops = list(self.assigned), self.loops, 1
        self.assigned = [*known, "y"]
        default = r.choice(["", "", "=2", "=-0.5"])
        if r.random() < 0.3:
            lines = [pad + f"{name} = lambda y{default}: {self.term(1)}"]
        else:
            lines = [pad + f"def {name}(y{default}):"]
            if r.random() < 0.4:
                self.assigned.append("z")
                lines += [pad + f"    z = {self.term(2).replace('z', 'y')}", pad + "    for c in range(3):"]
                lines += [pad + f"        z = (z + {self.term(2)}) % 1009"]
            lines += [pad + f"    return {self.term(1)}"]
        self.assigned, self.loops = known, loops
        self.inner.append(name)
        return lines

    def leaf(self) -> str:
        r = self.random
        kind = r.random()
        if kind < 0.15 and self.inner:
            name = r.choice(self.inner)
            return r.choice([f"{name}({self.integer(2)})", f"apply({name}, {self.leaf()})"])
        if kind < 0.22 and self.tuples:
            return r.choice(self.tuples) + r.choice([".a", ".b", "[0]", "[-1]"])
        if kind < 0.28 and self.lists:
            name = r.choice(self.lists)
            return r.choice([f"len({name})", f"{name}[0]", f"{name}[-1]"])
        if kind < 0.34 and self.tables:
            name = r.choice(self.tables)
            item = f"{name}[{self.integer(3)}]"
            return r.choice([f"len({name})", item if name[0] == "m" else f"{item}[{self.integer(3)}]"])
        return super().leaf()
