"""A writer of LLVM IR as text: values with explicit types, a loop, and nothing that LLVM could not.

Text instead of an object tree, because it is several times quicker to make, and because it has the
types (bfloat, target intrinsics) that the object layer lacks.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import NamedTuple


class Type(NamedTuple):
    """An element type and a number of lanes; 0 lanes is a scalar."""

    elem: str
    lanes: int = 0

    def __str__(self) -> str:
        return f"<{self.lanes} x {self.elem}>" if self.lanes else self.elem

    @property
    def is_float(self) -> bool:
        return self.elem in ("float", "double")

    @property
    def bits(self) -> int:
        return {"float": 32, "double": 64, "ptr": 64}.get(self.elem) or int(self.elem[1:])

    @property
    def scalar(self) -> Type:
        return Type(self.elem)

    def vector(self, lanes: int) -> Type:
        return Type(self.elem, lanes)


I1, I8, I32, I64 = Type("i1"), Type("i8"), Type("i32"), Type("i64")
F32, F64, PTR, VOID = Type("float"), Type("double"), Type("ptr"), Type("void")


class Value(NamedTuple):
    """An SSA name or a constant, with its type."""

    name: str
    type: Type

    def __str__(self) -> str:
        return f"{self.type} {self.name}"


Index = int | Value


def constant(value: bool | int | float, type: Type) -> Value:
    """A constant, repeated in every lane of a vector type."""
    if type.is_float:
        number = float(value)
        if type.elem == "float":
            number = struct.unpack("f", struct.pack("f", _fits_float(number)))[0]
        text = f"0x{struct.unpack('<Q', struct.pack('<d', number))[0]:016X}"
    elif type.elem == "i1":
        text = "true" if value else "false"
    else:
        text = str(int(value))
    return Value(f"splat ({type.elem} {text})" if type.lanes else text, type)


def _fits_float(x: float) -> float:
    largest = 3.4028234663852886e38
    return x if x != x or abs(x) <= largest else float("inf") if x > 0 else float("-inf")


def i64(value: Index) -> Value:
    """A loop index or offset as a value."""
    return value if isinstance(value, Value) else Value(str(value), I64)


class Loop:
    """A loop being written: `i`, the carried `values`, and what they become, `next`."""

    def __init__(self, i: Value, values: list[Value]) -> None:
        self.i, self.values, self.next = i, values, list(values)


class Module:
    """A text module: declarations are added as they are used."""

    def __init__(self) -> None:
        self.functions: dict[str, str] = {}
        self.declarations: dict[str, str] = {}

    def declare(self, name: str, result: Type, args: Sequence[Type]) -> None:
        if name not in self.declarations:
            self.declarations[name] = f"declare {result} @{name}({', '.join(map(str, args))}) #1"

    def text(self, triple: str, layout: str) -> str:
        head = f'target triple = "{triple}"\ntarget datalayout = "{layout}"\n'
        attributes = (
            'attributes #0 = { nounwind "prefer-vector-width"="512" }\n'
            "attributes #1 = { nounwind }\n"
        )
        return "\n".join([head, *self.declarations.values(), *self.functions.values(), attributes])


class Builder:
    """Writes one function, instruction by instruction, at the end of the current block."""

    def __init__(self, module: Module) -> None:
        self.module = module
        self.lines: list[str] = []
        self.count = 0
        self.block = "entry"

    # ---- names and blocks
    def emit(self, text: str) -> None:
        self.lines.append("  " + text)

    def name(self) -> str:
        self.count += 1
        return f"%v{self.count}"

    def new(self, text: str, type: Type) -> Value:
        value = Value(self.name(), type)
        self.lines.append(f"  {value.name} = {text}")
        return value

    def label(self, hint: str) -> str:
        self.count += 1
        return f"{hint}{self.count}"

    def start(self, label: str) -> None:
        self.lines.append(f"{label}:")
        self.block = label

    def jump(self, label: str) -> None:
        self.emit(f"br label %{label}")

    def branch(self, condition: Value, yes: str, no: str) -> None:
        self.emit(f"br {condition}, label %{yes}, label %{no}")

    def phi(self, type: Type, pairs: Sequence[tuple[Value, str]]) -> Value:
        arms = ", ".join(f"[ {v.name}, %{b} ]" for v, b in pairs)
        return self.new(f"phi {type} {arms}", type)

    # ---- arithmetic
    def op(self, op: str, a: Value, b: Value, flags: str = "") -> Value:
        return self.new(f"{op} {flags}{a.type} {a.name}, {b.name}", a.type)

    def neg(self, a: Value) -> Value:
        if a.type.is_float:
            return self.new(f"fneg {a}", a.type)
        return self.op("sub", constant(0, a.type), a)

    def compare(self, kind: str, a: Value, b: Value) -> Value:
        word = "fcmp" if a.type.is_float else "icmp"
        return self.new(f"{word} {kind} {a.type} {a.name}, {b.name}", Type("i1", a.type.lanes))

    def select(self, c: Value, a: Value, b: Value) -> Value:
        return self.new(f"select {c}, {a}, {b}", a.type)

    def convert(self, word: str, a: Value, elem: str) -> Value:
        to = Type(elem, a.type.lanes)
        return self.new(f"{word} {a} to {to}", to)

    def intrinsic(self, name: str, result: Type, *args: Value, flags: str = "") -> Value:
        """Call an intrinsic or external function; VOID gives an unusable value."""
        self.module.declare(name, result, [a.type for a in args])
        text = f"call {flags}{result} @{name}({', '.join(map(str, args))})"
        if result == VOID:
            self.emit(text)
            return Value("void", VOID)
        return self.new(text, result)

    def overloaded(self, name: str, *args: Value, flags: str = "") -> Value:
        """A `llvm.*` intrinsic overloaded on the type of its arguments and result."""
        t = args[0].type
        elem = {"float": "f32", "double": "f64"}.get(t.elem, t.elem)
        suffix = f"v{t.lanes}{elem}" if t.lanes else elem
        return self.intrinsic(f"llvm.{name}.{suffix}", t, *args, flags=flags)

    # ---- integers that index
    def add(self, a: Index, b: Index) -> Index:
        if isinstance(a, int) and isinstance(b, int):
            return a + b
        if a == 0 or b == 0:
            return b if a == 0 else a
        return self.op("add", i64(a), i64(b))

    def mul(self, a: Index, b: int) -> Index:
        if isinstance(a, int):
            return a * b
        return 0 if b == 0 else a if b == 1 else self.op("mul", a, i64(b))

    def minimum(self, a: Index, b: Index) -> Index:
        if isinstance(a, int) and isinstance(b, int):
            return min(a, b)
        return self.select(self.compare("slt", i64(a), i64(b)), i64(a), i64(b))

    def maximum(self, a: Index, b: Index) -> Index:
        if isinstance(a, int) and isinstance(b, int):
            return max(a, b)
        return self.select(self.compare("sgt", i64(a), i64(b)), i64(a), i64(b))

    def divmod(self, a: Index, b: int) -> tuple[Index, Index]:
        if b == 1:
            return a, 0
        if isinstance(a, int):
            return divmod(a, b)
        return self.op("udiv", a, i64(b)), self.op("urem", a, i64(b))

    # ---- memory
    def at(self, base: Value, index: Index, type: Type) -> Value:
        if index == 0:
            return base
        return self.new(f"getelementptr {type.scalar}, {base}, {i64(index)}", PTR)

    def load(self, pointer: Value, type: Type, align: int | None = None) -> Value:
        return self.new(f"load {type}, {pointer}, align {align or max(1, type.bits // 8)}", type)

    def store(self, value: Value, pointer: Value) -> None:
        self.emit(f"store {value}, {pointer}, align {max(1, value.type.bits // 8)}")

    # ---- lanes
    def splat(self, a: Value, lanes: int) -> Value:
        if a.type.lanes:
            return a
        t = a.type.vector(lanes)
        if not a.name.startswith("%"):
            return Value(f"splat ({a})", t)
        one = self.new(f"insertelement {t} poison, {a}, i64 0", t)
        return self.new(f"shufflevector {one}, {t} poison, <{lanes} x i32> zeroinitializer", t)

    def extract(self, a: Value, lane: int) -> Value:
        return self.new(f"extractelement {a}, i64 {lane}", a.type.scalar)

    def insert(self, a: Value, b: Value, lane: int) -> Value:
        return self.new(f"insertelement {a}, {b}, i64 {lane}", a.type)

    def shuffle(self, a: Value, b: Value, lanes: Sequence[int]) -> Value:
        picks = ", ".join(f"i32 {k}" for k in lanes)
        t = a.type.vector(len(lanes))
        return self.new(f"shufflevector {a}, {b}, <{len(lanes)} x i32> <{picks}>", t)

    def ramp(self, lanes: int, type: Type, step: int = 1) -> Value:
        items = ", ".join(f"{type.elem} {k * step}" for k in range(lanes))
        return Value(f"<{items}>", type.vector(lanes))

    # ---- control
    @contextmanager
    def loop(
        self, lo: Index, hi: Index, step: int = 1, carry: Sequence[Value] = ()
    ) -> Iterator[Loop]:
        """`for i in range(lo, hi, step)`; set `next`; after it `values` are the final ones."""
        before = self.block
        head, body, out = self.label("head"), self.label("body"), self.label("out")
        self.jump(head)
        self.start(head)
        at = len(self.lines)
        loop = Loop(Value(self.name(), I64), [Value(self.name(), v.type) for v in carry])
        self.branch(self.compare("slt", loop.i, i64(hi)), body, out)
        self.start(body)
        yield loop
        after = self.new(f"add nsw i64 {loop.i.name}, {step}", I64)
        end = self.block
        self.jump(head)
        phis = [(loop.i, i64(lo), after)] + list(zip(loop.values, carry, loop.next, strict=True))
        self.lines[at:at] = [
            f"  {p.name} = phi {p.type} [ {a.name}, %{before} ], [ {b.name}, %{end} ]"
            for p, a, b in phis
        ]
        self.start(out)

    @contextmanager
    def when(self, condition: Value) -> Iterator[None]:
        """Run the body only if `condition`."""
        body, out = self.label("then"), self.label("endif")
        self.branch(condition, body, out)
        self.start(body)
        yield
        self.jump(out)
        self.start(out)

    def finish(self, name: str, args: Sequence[Value], linkage: str, noalias: bool = True) -> str:
        """The function's text."""
        shown = ", ".join(
            f"{a.type}{' noalias' if noalias and a.type == PTR else ''} {a.name}" for a in args
        )
        body = "\n".join(self.lines)
        return f"define {linkage} void @{name}({shown}) #0 {{\nentry:\n{body}\n  ret void\n}}\n"
