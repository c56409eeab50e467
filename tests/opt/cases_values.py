"""Passes that look at values, tests and calls: for each case the pass, the blocks before, and the blocks after."""

CASES = {
    "params: unused and copied parameters": ("params", """
        func f(v0: ptr, v1: i64) -> i64 {
        loop L0: header b1 preheader b0
        b0(v0: ptr, v1: i64):
          v2 = const i64 0
          v3 = const i1 false
          jump b1(v2, v1, v3)
        b1(v4: i64, v5: i64, v6: i1) in L0:
          v7 = add v4, v5
          v8 = slt v7, v5
          br v8, b1(v7, v5, v8), b2
        b2:
          ret v7
    """, """
          v2 = const i64 0
          jump b1(v2)
        b1(v4: i64) in L0:
          v7 = add v4, v1
          v8 = slt v7, v1
          br v8, b1(v7), b2
        b2:
          ret v7
    """),
    "params: blocks that are one": ("params", """
        func f(v0: ptr, v1: i64) -> i64 {
        b0(v0: ptr, v1: i64):
          jump b1(v1)
        b1(v2: i64):
          v3 = add v2, v2
          jump b2
        b2:
          ret v3
    """, """
          v3 = add v1, v1
          ret v3
    """),
    "payloads: a sum of singles over rows": ("payloads", """
        func f(v0: ptr, v1: ptr, v2: i64) -> i64, i64 {
        loop L0: header b1 preheader b0 counter v9 step 1 stop v2
        b0(v0: ptr, v1: ptr, v2: i64):
          v3 = const i64 0
          v4 = const i64 1
          v5 = const i64 2
          v6 = const i64 14
          v7 = const f64 0.5
          v8 = f2bits v7
          jump b1(v3, v5, v8)
        b1(v9: i64, v10: i64, v11: i64) in L0:
          v12 = load f32 [v1 + v9*4]
          v13 = bits2f v11
          v14 = fround v13
          v15 = fadd v12, v14
          v16 = fext v15
          v17 = f2bits v16
          v18 = add v9, v4
          v19 = slt v18, v2
          br v19, b1(v18, v6, v17), b2(v6, v17)
        b2(v20: i64, v21: i64):
          ret v20, v21
    """, """
          v22 = const f32 0.5
          v3 = const i64 0
          v4 = const i64 1
          v6 = const i64 14
          jump b1(v3, v22)
        b1(v9: i64, v11: f32) in L0:
          v12 = load f32 [v1 + v9*4]
          v15 = fadd v12, v11
          v18 = add v9, v4
          v19 = slt v18, v2
          br v19, b1(v18, v15), b2(v6, v15)
        b2(v20: i64, v21: f32):
          v23 = fext v21
          v24 = f2bits v23
          ret v20, v24
    """),
    "payloads: what may be a loaded single, or no single, has 64 bits": ("payloads", """
        func f(v0: ptr, v1: ptr, v2: i64, v3: f64) -> f32 {
        loop L0: header b1 preheader b0 counter v9 step 1 stop v2
        b0(v0: ptr, v1: ptr, v2: i64, v3: f64):
          v4 = const i64 1
          v5 = const i64 0
          jump b1(v5, v5)
        b1(v9: i64, v11: i64) in L0:
          v12 = load f32 [v1 + v9*4]
          v16 = fext v12
          v17 = f2bits v16
          v18 = add v9, v4
          v19 = slt v18, v2
          br v19, b1(v18, v17), b2(v17, v11)
        b2(v20: i64, v21: i64):
          v22 = bits2f v20
          v23 = fround v22
          v24 = bits2f v21
          v25 = fround v24
          v26 = fadd v23, v25
          ret v26
    """, """
          v27 = const f64 0.0
          v4 = const i64 1
          v5 = const i64 0
          jump b1(v5, v27)
        b1(v9: i64, v11: f64) in L0:
          v12 = load f32 [v1 + v9*4]
          v16 = fext v12
          v18 = add v9, v4
          v19 = slt v18, v2
          br v19, b1(v18, v16), b2(v16, v11)
        b2(v20: f64, v21: f64):
          v23 = fround v20
          v25 = fround v21
          v26 = fadd v23, v25
          ret v26
    """),
    "payloads: what is an integer somewhere stays": ("payloads", """
        func f(v0: ptr, v1: i64, v2: f64) -> i64 {
        b0(v0: ptr, v1: i64, v2: f64):
          v3 = const i64 0
          v4 = slt v1, v3
          br v4, b1, b2(v1)
        b1:
          v5 = f2bits v2
          jump b2(v5)
        b2(v6: i64):
          ret v6
    """, """
          v3 = const i64 0
          v4 = slt v1, v3
          br v4, b1, b2(v1)
        b1:
          v5 = f2bits v2
          jump b2(v5)
        b2(v6: i64):
          ret v6
    """),
    "checks: what loops hand each other is as narrow as what they are brought": ("checks", """
        func f(v0: ptr, v1: i64, v2: i64) -> i64 {
        site 0: line 1 overflow
        loop L0: header b1 preheader b0
        loop L1: header b3 preheader b2 parent L0
        b0(v0: ptr, v1: i64, v2: i64):
          v3 = const i64 0
          v4 = const i1 false
          v5 = sext16 v1
          jump b1(v3)
        b1(v6: i64) in L0:
          v7 = slt v6, v2
          br v7, b2, b4(v6)
        b2 in L0:
          jump b3(v6)
        b3(v8: i64) in L1:
          v9 = addo v8, v5, v4, !0
          v10 = sext16 v9
          v11 = slt v10, v1
          br v11, b3(v10), b4(v10)
        b4(v12: i64) in L0:
          br v7, b1(v12), b5
        b5:
          ret v12
    """, """
          v3 = const i64 0
          v4 = const i1 false
          v5 = sext16 v1
          jump b1(v3)
        b1(v6: i64) in L0:
          v7 = slt v6, v2
          br v7, b2, b4(v6)
        b2 in L0:
          jump b3(v6)
        b3(v8: i64) in L1:
          v9 = add v5, v8
          v10 = sext16 v9
          v11 = slt v10, v1
          br v11, b3(v10), b4(v10)
        b4(v12: i64) in L0:
          br v7, b1(v12), b5
        b5:
          ret v12
    """),
    "inline: recursion": ("inline", """
        func f(v0: ptr, v1: i64) -> i64 {
        site 0: line 1 recursion
        site 1: line 3 call
        site 2: line 3 overflow
        b0(v0: ptr, v1: i64):
          v2 = const i1 false
          enter v0, v2, !0
          v3 = const i64 60
          v4 = const i64 1
          v5 = slt v1, v3
          br v5, b1, b2
        b1:
          ret v1
        b2:
          v6 = sub v1, v4
          v7 = call f at @f !1 (v0, v6, v2) : (i64) -> i64
          v8 = addo v7, v1, v2, !2
          ret v8
    """, """
          v2 = const i1 false
          enter v0, v2, !0
          v4 = const i64 60
          v5 = const i64 1
          v6 = slt v1, v4
          v7 = const i64 -1
          v10 = const i64 -2
          v13 = const i64 -3
          v16 = const i64 -4
          br v6, b1, b2
        b1:
          ret v1
        b2:
          v8 = add v1, v7
          v9 = slt v8, v4
          br v9, b3, b4
        b3:
          jump b11(v8)
        b4:
          v11 = add v1, v10
          v12 = slt v11, v4
          br v12, b5, b6
        b5:
          jump b10(v11)
        b6:
          v14 = add v1, v13
          v15 = slt v14, v4
          br v15, b7, b8
        b7:
          jump b9(v14)
        b8:
          v17 = add v1, v16
          v18 = call f at @f !3 (v0, v17, v2) : (i64) -> i64
          v19 = addo v14, v18, v2, !4
          jump b9(v19)
        b9(v20: i64):
          v21 = addo v11, v20, v2, !5
          jump b10(v21)
        b10(v22: i64):
          v23 = addo v8, v22, v2, !6
          jump b11(v23)
        b11(v24: i64):
          v25 = addo v1, v24, v2, !2
          ret v25
    """),
    "modular: a hash, and a shift": ("modular", """
        func f(v0: ptr, v1: i64, v2: i64) -> i64, i64, i64 {
        site 0: line 1 overflow
        site 1: line 2 overflow
        site 2: line 3 overflow
        site 3: line 4 overflow
        b0(v0: ptr, v1: i64, v2: i64):
          v3 = const i1 false
          v4 = const i64 4294967295
          v5 = const i64 33
          v6 = const i64 13
          v7 = mulo v1, v5, v3, !0
          v8 = addo v7, v2, v3, !1
          v9 = and v8, v4
          v10 = shl v1, v6
          v11 = sar v10, v6
          v12 = eq v1, v11
          guard v12, v3, !2
          v13 = and v10, v4
          v14 = mulo v2, v2, v3, !3
          v15 = and v14, v4
          ret v9, v13, v14
    """, """
          v3 = const i1 false
          v4 = const i64 4294967295
          v5 = const i64 33
          v6 = const i64 13
          v7 = mul v1, v5
          v8 = add v7, v2
          v9 = and v8, v4
          v10 = shl v1, v6
          v11 = sar v10, v6
          v12 = eq v1, v11
          v13 = and v10, v4
          v14 = mulo v2, v2, v3, !3
          v15 = and v14, v4
          ret v9, v13, v14
    """),
    "dce: dead": ("dce", """
        func f(v0: ptr, v1: i64) -> i64 {
        site 0: line 1 overflow
        b0(v0: ptr, v1: i64):
          v2 = const i1 false
          v3 = mul v1, v1
          v4 = load i64 [v0 + 8]
          v5 = addo v1, v1, v2, !0
          ret v1
    """, """
          v2 = const i1 false
          v5 = addo v1, v1, v2, !0
          ret v1
    """),
    "select: what the block before has loaded": ("select", """
        func f(v0: ptr, v1: ptr, v2: i64) -> i64 {
        loop L0: header b1 preheader b0
        b0(v0: ptr, v1: ptr, v2: i64):
          v3 = const i64 0
          v4 = const i64 1
          jump b1(v3, v3)
        b1(v5: i64, v6: i64) in L0:
          v7 = load i64 [v1 + v5*8] region 1
          v8 = sub v7, v4
          v9 = sgt v8, v6
          br v9, b2, b3(v6)
        b2 in L0:
          v10 = load i64 [v1 + v5*8] region 1
          v11 = sub v10, v4
          jump b3(v11)
        b3(v12: i64) in L0:
          v13 = add v5, v4
          v14 = slt v13, v2
          br v14, b1(v13, v12), b4
        b4:
          ret v12
    """, """
          v3 = const i64 0
          v4 = const i64 1
          jump b1(v3, v3)
        b1(v5: i64, v6: i64) in L0:
          v7 = load i64 [v1 + v5*8] region 1
          v8 = sub v7, v4
          v15 = smax v8, v6
          v13 = add v5, v4
          v14 = slt v13, v2
          br v14, b1(v13, v15), b2
        b2:
          ret v15
    """),
    "select: one bit decides what goes on, at its width": ("select", """
        func f(v0: ptr, v1: ptr, v2: i64) -> i64 {
        loop L0: header b1 preheader b0
        b0(v0: ptr, v1: ptr, v2: i64):
          v3 = const i64 0
          v4 = const i64 1
          v5 = const i64 32768
          v6 = const i64 4129
          jump b1(v3, v3)
        b1(v7: i64, v8: i64) in L0:
          v9 = and v8, v5
          v10 = ne v9, v3
          v11 = shl v8, v4
          br v10, b2, b3
        b2 in L0:
          v12 = xor v11, v6
          v13 = zext16 v12
          jump b4(v13)
        b3 in L0:
          v14 = zext16 v11
          jump b4(v14)
        b4(v15: i64) in L0:
          v16 = add v7, v4
          v17 = slt v16, v2
          br v17, b1(v16, v15), b5
        b5:
          ret v15
    """, """
          v3 = const i64 0
          v4 = const i64 1
          v5 = const i64 32768
          v6 = const i64 4129
          jump b1(v3, v3)
        b1(v7: i64, v8: i64) in L0:
          v9 = and v8, v5
          v10 = ne v9, v3
          v11 = shl v8, v4
          v12 = xor v11, v6
          v13 = zext16 v12
          v14 = zext16 v11
          v18 = select v10, v13, v14
          v16 = add v7, v4
          v17 = slt v16, v2
          br v17, b1(v16, v18), b2
        b2:
          ret v18
    """),
    "select: both arms compute the same, within others": ("select", """
        func f(v0: ptr, v1: i64, v2: i64) -> i64 {
        loop L0: header b1 preheader b0
        b0(v0: ptr, v1: i64, v2: i64):
          v3 = const i64 0
          v4 = const i64 1
          jump b1(v3, v3)
        b1(v5: i64, v6: i64) in L0:
          v7 = eq v6, v2
          br v7, b2, b5
        b2 in L0:
          v8 = eq v5, v4
          br v8, b3, b4
        b3 in L0:
          v9 = xor v6, v1
          jump b6(v9)
        b4 in L0:
          v10 = xor v6, v1
          jump b6(v10)
        b6(v11: i64) in L0:
          jump b7(v11)
        b5 in L0:
          jump b7(v6)
        b7(v12: i64) in L0:
          v13 = add v5, v4
          v14 = slt v13, v2
          br v14, b1(v13, v12), b8
        b8:
          ret v12
    """, """
          v3 = const i64 0
          v4 = const i64 1
          jump b1(v3, v3)
        b1(v5: i64, v6: i64) in L0:
          v7 = eq v6, v2
          v9 = xor v6, v1
          v15 = select v7, v9, v6
          v13 = add v5, v4
          v14 = slt v13, v2
          br v14, b1(v13, v15), b2
        b2:
          ret v15
    """),
    "select: checks that depend on one value": ("select", """
        func f(v0: ptr, v1: i64) -> i64 {
        site 0: line 1 overflow
        site 1: line 2 overflow
        loop L0: header b1 preheader b0
        b0(v0: ptr, v1: i64):
          v2 = const i64 1
          v3 = const i64 3
          v4 = const i64 0
          v5 = const i1 false
          jump b1(v1)
        b1(v6: i64) in L0:
          v7 = and v6, v2
          v8 = eq v7, v4
          br v8, b2, b3
        b2 in L0:
          v9 = sar v6, v2
          jump b4(v9)
        b3 in L0:
          v10 = mulo v6, v3, v5, !0
          v11 = addo v10, v2, v5, !1
          jump b4(v11)
        b4(v12: i64) in L0:
          v13 = ne v12, v2
          br v13, b1(v12), b5
        b5:
          ret v12
    """, """
          v22 = const i64 6148914691236517204
          v20 = const i64 3074457345618258602
          v2 = const i64 1
          v3 = const i64 3
          v4 = const i64 0
          v5 = const i1 false
          jump b1(v1)
        b1(v6: i64) in L0:
          v21 = add v6, v20
          v23 = ule v21, v22
          br v23, b2, b3
        b2 in L0:
          v14 = and v6, v2
          v15 = eq v14, v4
          v16 = sar v6, v2
          v17 = mul v6, v3
          v18 = add v17, v2
          v19 = select v15, v16, v18
          jump b6(v19)
        b3 in L0 cold:
          v7 = and v6, v2
          v8 = eq v7, v4
          br v8, b4, b5
        b4 in L0 cold:
          v9 = sar v6, v2
          jump b6(v9)
        b5 in L0 cold:
          v10 = mulo v6, v3, v5, !0
          v11 = addo v10, v2, v5, !1
          jump b6(v11)
        b6(v12: i64) in L0:
          v13 = ne v12, v2
          br v13, b1(v12), b7
        b7:
          ret v12
    """),
    "select: a difference, in a long iteration": ("select", """
        func f(v0: ptr, v1: ptr, v2: i64) -> f64 {
        loop L0: header b1 preheader b0
        loop L1: header b2 preheader b1 parent L0
        b0(v0: ptr, v1: ptr, v2: i64):
          v3 = const i64 0
          v4 = const i64 1
          v5 = const f64 0.0
          jump b1(v3, v5)
        b1(v6: i64, v7: f64) in L0:
          jump b2(v3, v7)
        b2(v9: i64, v10: f64) in L1:
          v11 = load f64 [v1 + v9*8] region 1
          v12 = fadd v10, v11
          v13 = add v9, v4
          v14 = slt v13, v2
          br v14, b2(v13, v12), b3
        b3 in L0:
          v15 = fle v12, v5
          br v15, b4, b5(v12)
        b4 in L0:
          v16 = fsub v7, v12
          jump b5(v16)
        b5(v17: f64) in L0:
          v18 = add v6, v4
          v19 = slt v18, v2
          br v19, b1(v18, v17), b6
        b6:
          ret v17
    """, """
          v3 = const i64 0
          v4 = const i64 1
          v5 = const f64 0.0
          jump b1(v3, v5)
        b1(v6: i64, v7: f64) in L0:
          jump b2(v3, v7)
        b2(v9: i64, v10: f64) in L1:
          v11 = load f64 [v1 + v9*8] region 1
          v12 = fadd v10, v11
          v13 = add v9, v4
          v14 = slt v13, v2
          br v14, b2(v13, v12), b3
        b3 in L0:
          v15 = fle v12, v5
          v16 = fsub v7, v12
          v20 = select v15, v16, v12
          v18 = add v6, v4
          v19 = slt v18, v2
          br v19, b1(v18, v20), b4
        b4:
          ret v20
    """),
    "select: the least and where it is, in a long iteration": ("select", """
        func f(v0: ptr, v1: ptr, v2: i64) -> f64, i64 {
        loop L0: header b1 preheader b0
        loop L1: header b2 preheader b1 parent L0
        b0(v0: ptr, v1: ptr, v2: i64):
          v3 = const i64 0
          v4 = const i64 1
          v5 = const f64 0.0
          jump b1(v3, v5, v3)
        b1(v6: i64, v7: f64, v8: i64) in L0:
          jump b2(v3, v5)
        b2(v9: i64, v10: f64) in L1:
          v11 = load f64 [v1 + v9*8] region 1
          v12 = fadd v10, v11
          v13 = add v9, v4
          v14 = slt v13, v2
          br v14, b2(v13, v12), b3
        b3 in L0:
          v15 = flt v12, v7
          br v15, b4, b5(v7, v8)
        b4 in L0:
          jump b5(v12, v6)
        b5(v16: f64, v17: i64) in L0:
          v18 = add v6, v4
          v19 = slt v18, v2
          br v19, b1(v18, v16, v17), b6
        b6:
          ret v16, v17
    """, """
          v3 = const i64 0
          v4 = const i64 1
          v5 = const f64 0.0
          jump b1(v3, v5, v3)
        b1(v6: i64, v7: f64, v8: i64) in L0:
          jump b2(v3, v5)
        b2(v9: i64, v10: f64) in L1:
          v11 = load f64 [v1 + v9*8] region 1
          v12 = fadd v10, v11
          v13 = add v9, v4
          v14 = slt v13, v2
          br v14, b2(v13, v12), b3
        b3 in L0:
          v15 = flt v12, v7
          v20 = fmin v12, v7
          v21 = select v15, v6, v8
          v18 = add v6, v4
          v19 = slt v18, v2
          br v19, b1(v18, v20, v21), b4
        b4:
          ret v20, v21
    """),
    "select: floats by integers that no earlier iteration computes": ("select", """
        func f(v0: ptr, v1: ptr, v2: i64, v3: f64, v4: f64) -> f64 {
        loop L0: header b1 preheader b0 counter v8 step 1 stop v2
        b0(v0: ptr, v1: ptr, v2: i64, v3: f64, v4: f64):
          v5 = const i64 0
          v6 = const f64 0.0
          v7 = const i64 1
          jump b1(v5, v6)
        b1(v8: i64, v9: f64) in L0:
          v10 = load i64 [v1 + v8*8] region 1
          v11 = eq v10, v7
          br v11, b2, b3
        b2 in L0:
          jump b4(v3)
        b3 in L0:
          jump b4(v4)
        b4(v12: f64) in L0:
          v13 = fadd v9, v12
          v14 = add v8, v7
          v15 = slt v14, v2
          br v15, b1(v14, v13), b5
        b5:
          ret v13
    """, """
          v5 = const i64 0
          v6 = const f64 0.0
          v7 = const i64 1
          jump b1(v5, v6)
        b1(v8: i64, v9: f64) in L0:
          v10 = load i64 [v1 + v8*8] region 1
          v11 = eq v10, v7
          v16 = select v11, v3, v4
          v13 = fadd v9, v16
          v14 = add v8, v7
          v15 = slt v14, v2
          br v15, b1(v14, v13), b2
        b2:
          ret v13
    """),
    "select: floats by floats that the iteration before computes": ("select", """
        func f(v0: ptr, v1: f64, v2: i64) -> f64 {
        loop L0: header b1 preheader b0 counter v8 step 1 stop v2
        b0(v0: ptr, v1: f64, v2: i64):
          v5 = const i64 0
          v6 = const f64 0.5
          v7 = const i64 1
          jump b1(v5, v6)
        b1(v8: i64, v9: f64) in L0:
          v11 = flt v9, v1
          br v11, b2(v1), b2(v6)
        b2(v12: f64) in L0:
          v13 = fadd v9, v12
          v14 = add v8, v7
          v15 = slt v14, v2
          br v15, b1(v14, v13), b3
        b3:
          ret v13
    """, """
          v5 = const i64 0
          v6 = const f64 0.5
          v7 = const i64 1
          jump b1(v5, v6)
        b1(v8: i64, v9: f64) in L0:
          v11 = flt v9, v1
          br v11, b2(v1), b2(v6)
        b2(v12: f64) in L0:
          v13 = fadd v9, v12
          v14 = add v8, v7
          v15 = slt v14, v2
          br v15, b1(v14, v13), b3
        b3:
          ret v13
    """),
    "select: terms of sums": ("select", """
        func f(v0: ptr, v1: ptr, v2: i64, v3: f64) -> f64 {
        loop L0: header b1 preheader b0 counter v8 step 1 stop v2
        b0(v0: ptr, v1: ptr, v2: i64, v3: f64):
          v5 = const i64 0
          v6 = const f64 0.0
          v7 = const i64 1
          jump b1(v5, v6, v6)
        b1(v8: i64, v9: f64, v10: f64) in L0:
          v12 = load f64 [v1 + v8*8] region 1
          v13 = flt v12, v3
          br v13, b2, b3
        b2 in L0:
          v14 = fadd v9, v12
          jump b4(v14, v10)
        b3 in L0:
          v16 = fsub v10, v12
          jump b4(v9, v16)
        b4(v18: f64, v19: f64) in L0:
          v21 = add v8, v7
          v22 = slt v21, v2
          br v22, b1(v21, v18, v19), b5
        b5:
          v23 = fadd v18, v19
          ret v23
    """, """
          v27 = const f64 0.0
          v24 = const f64 -0.0
          v5 = const i64 0
          v6 = const f64 0.0
          v7 = const i64 1
          jump b1(v5, v6, v6)
        b1(v8: i64, v9: f64, v10: f64) in L0:
          v12 = load f64 [v1 + v8*8] region 1
          v13 = flt v12, v3
          v25 = select v13, v12, v24
          v26 = fadd v9, v25
          v28 = select v13, v27, v12
          v29 = fsub v10, v28
          v21 = add v8, v7
          v22 = slt v21, v2
          br v22, b1(v21, v26, v29), b2
        b2:
          v23 = fadd v26, v29
          ret v23
    """),
    "select: both arms add to one sum": ("select", """
        func f(v0: ptr, v1: ptr, v2: i64, v3: f64) -> f64 {
        loop L0: header b1 preheader b0 counter v8 step 1 stop v2
        b0(v0: ptr, v1: ptr, v2: i64, v3: f64):
          v5 = const i64 0
          v6 = const f64 0.0
          v7 = const i64 1
          jump b1(v5, v6)
        b1(v8: i64, v9: f64) in L0:
          v12 = load f64 [v1 + v8*8] region 1
          v13 = flt v12, v3
          br v13, b2, b3
        b2 in L0:
          v14 = load f64 [v1 + v8*8 + 8] region 1
          v15 = fadd v9, v14
          jump b4(v15)
        b3 in L0:
          v16 = load f64 [v1 + v8*8 + 8] region 1
          v17 = fsub v9, v16
          jump b4(v17)
        b4(v18: f64) in L0:
          v21 = add v8, v7
          v22 = slt v21, v2
          br v22, b1(v21, v18), b5
        b5:
          ret v18
    """, """
          v23 = const f64 -0.0
          v5 = const i64 0
          v6 = const f64 0.0
          v7 = const i64 1
          jump b1(v5, v6)
        b1(v8: i64, v9: f64) in L0:
          v12 = load f64 [v1 + v8*8] region 1
          v13 = flt v12, v3
          v14 = load f64 [v1 + v8*8 + 8] region 1
          v24 = fsub v23, v14
          v25 = select v13, v14, v24
          v26 = fadd v9, v25
          v21 = add v8, v7
          v22 = slt v21, v2
          br v22, b1(v21, v26), b2
        b2:
          ret v26
    """),
    "select: a count": ("select", """
        func f(v0: ptr, v1: i64) -> i64 {
        loop L0: header b1 preheader b0
        b0(v0: ptr, v1: i64):
          v2 = const i64 1
          jump b1(v1, v2)
        b1(v3: i64, v4: i64) in L0:
          v5 = sgt v3, v4
          br v5, b2, b3(v4)
        b2 in L0:
          v6 = add v4, v2
          jump b3(v6)
        b3(v7: i64) in L0:
          v8 = sub v3, v2
          v9 = ne v8, v2
          br v9, b1(v8, v7), b4
        b4:
          ret v7
    """, """
          v2 = const i64 1
          jump b1(v1, v2)
        b1(v3: i64, v4: i64) in L0:
          v5 = sgt v3, v4
          v6 = add v4, v2
          v10 = select v5, v6, v4
          v8 = sub v3, v2
          v9 = ne v8, v2
          br v9, b1(v8, v10), b2
        b2:
          ret v10
    """),
}  # fmt: skip
