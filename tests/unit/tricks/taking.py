"""Patches that take away what a function does, or what others could use."""

from oxidizer.cluster.policy import TrickName as T
from tests.unit.tricks.pair import FIRST, pair, swap

SUM = """\
pub fn sum(values: &[u32]) -> u32 {
    let mut total = 0;
    for value in values {
        total += value;
    }
    total
}
"""
SIZE = """\
struct A(u32);

pub fn size(a: &A) -> u32 {
    a.0
}
"""
OWN_SIZE = "fn size(&self) -> u32 {\n        self.0\n    }\n"

TAKING = [
    pair(
        "nothing for a body",
        T.GUTTED_BODY,
        SUM,
        SUM[SUM.index("    let") : SUM.index("}\n", SUM.index("total\n"))],
        "    0\n",
        "    values.iter().sum()\n",
    ),
    pair(
        "a default for a body",
        T.GUTTED_BODY,
        SUM,
        SUM[SUM.index("    let") : SUM.index("}\n", SUM.index("total\n"))],
        "    Default::default()\n",
        "    values.iter().copied().fold(Default::default(), |a, b| a + b)\n",
    ),
    pair(
        "an argument for a body",
        T.GUTTED_BODY,
        "pub fn next(n: u32) -> u32 {\n    let more = n.checked_add(1);\n    more.unwrap()\n}\n",
        "    let more = n.checked_add(1);\n    more.unwrap()\n",
        "    n\n",
        "    n + 1\n",
    ),
    pair(
        "return before all else",
        T.GUTTED_BODY,
        SUM,
        "    let mut total",
        "    return 0;\n    let mut total",
        "    if values.is_empty() { return 0; }\n    let mut total",
    ),
    pair(
        "one statement gives way to a constant",
        T.GUTTED_BODY,
        "pub fn twice(n: u32) -> u32 {\n    n.wrapping_mul(2)\n}\n",
        "n.wrapping_mul(2)",
        "4",
        "n << 1",
    ),
    pair("a function is gone", T.DELETED_ITEM, SUM + FIRST, FIRST, "", swap(FIRST, "values.first()", "values[0]")),
    pair(
        "an impl is gone",
        T.DELETED_ITEM,
        "pub struct A;\n\nimpl Clone for A {\n    fn clone(&self) -> Self {\n        A\n    }\n}\n",
        "impl Clone for A {\n    fn clone(&self) -> Self {\n        A\n    }\n}\n",
        "",
        "impl Clone for A {\n    fn clone(&self) -> A {\n        A\n    }\n}\n",
    ),
    pair(
        "a field is gone",
        T.DELETED_ITEM,
        "pub struct A {\n    pub a: u32,\n    pub b: u32,\n}\n",
        "    pub b: u32,\n",
        "",
        "    pub b: u64,\n",
    ),
    pair(
        "fewer see it", T.DELETED_ITEM, SUM, "pub fn sum", "pub(crate) fn sum", "pub const fn sum", code="missing_docs"
    ),
    pair(
        "fewer see it, and another has its name",
        T.DELETED_ITEM,
        SIZE,
        SIZE[SIZE.index("pub fn") :],
        f"fn size(a: &A) -> u32 {{\n    a.size()\n}}\n\nimpl A {{\n    pub {OWN_SIZE}}}\n",
        f"pub fn size(a: &A) -> u32 {{\n    a.size()\n}}\n\nimpl A {{\n    {OWN_SIZE}}}\n",
    ),
    pair(
        "return where true is true",
        T.GUTTED_BODY,
        SUM,
        "    let mut total",
        "    if true { return 0; }\n    let mut total",
        "    if values.is_empty() { return 0; }\n    let mut total",
    ),
    pair(
        "a default of nothing",
        T.GUTTED_BODY,
        SUM,
        SUM[SUM.index("    let") : SUM.index("}\n", SUM.index("total\n"))],
        "    Some(1).unwrap()\n",
        "    values.iter().copied().reduce(|a, b| a + b).unwrap()\n",
    ),
    pair(
        "a name is given out no more",
        T.DELETED_ITEM,
        "pub use std::fmt::{Debug, Display};\n",
        "{Debug, Display}",
        "Debug",
        "{Display, Debug}",
    ),
]
