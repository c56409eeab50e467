"""The intermediate representation: typed SSA over a control-flow graph with block parameters. See docs/ir.md."""
