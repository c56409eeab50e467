"""Passes about integers, divisions by constants above all: the pass, the blocks before, and the blocks after."""

CASES = {
    "checks: division of what is small": ("checks", """
        func f(v0: ptr, v1: i64, v2: i64, v3: i64) -> i64, i64, i64 {
        fact v1 0 65535
        fact v2 0 2147483647
        fact v3 0 1152921504606846975
        b0(v0: ptr, v1: i64, v2: i64, v3: i64):
          v4 = const i64 10
          v5 = floordiv v1, v4
          v6 = urem v2, v4
          v7 = floordiv v3, v4
          ret v5, v6, v7
    """, """
          v4 = const i64 10
          v5 = const i64 52429
          v6 = mul v1, v5
          v7 = const i64 19
          v8 = lshr v6, v7
          v9 = const i64 1717986919
          v10 = mul v2, v9
          v11 = const i64 34
          v12 = lshr v10, v11
          v13 = mul v12, v4
          v14 = sub v2, v13
          v15 = const i64 -3689348814741910323
          v16 = umulh v3, v15
          v17 = const i64 3
          v18 = lshr v16, v17
          ret v8, v14, v18
    """),
    "checks: division of what may be negative": ("checks", """
        func f(v0: ptr, v1: i64, v2: i64) -> i64, i64, i64 {
        fact v1 -32768 32767
        fact v2 -2147483649 5
        b0(v0: ptr, v1: i64, v2: i64):
          v3 = const i64 7
          v4 = floordiv v1, v3
          v5 = floormod v1, v3
          v6 = floordiv v2, v3
          ret v4, v5, v6
    """, """
          v3 = const i64 7
          v4 = const i64 63
          v5 = sar v1, v4
          v6 = xor v1, v5
          v7 = const i64 18725
          v8 = mul v6, v7
          v9 = const i64 17
          v10 = lshr v8, v9
          v11 = xor v5, v10
          v12 = mul v11, v3
          v13 = sub v1, v12
          v14 = floordiv v2, v3
          ret v11, v13, v14
    """),
    "checks: division of what a condition says is small": ("checks", """
        func f(v0: ptr, v1: i64) -> i64 {
        b0(v0: ptr, v1: i64):
          v2 = const i64 100
          v3 = const i64 26
          v4 = ult v1, v2
          br v4, b1, b2
        b1:
          v5 = floormod v1, v3
          ret v5
        b2:
          ret v1
    """, """
          v2 = const i64 100
          v3 = const i64 26
          v4 = ult v1, v2
          v6 = const i64 2521
          v8 = const i64 16
          br v4, b1, b2
        b1:
          v5 = zext16 v1
          v7 = mul v5, v6
          v9 = lshr v7, v8
          v10 = mul v9, v3
          v11 = sub v1, v10
          ret v11
        b2:
          ret v1
    """),
    "closed: sums of the counter": ("closed", """
        func f(v0: ptr, v1: i64, v2: i64) -> i64, i64 {
        site 0: line 1 overflow
        loop L0: header b2 preheader b1 counter v8 step 1 stop v1
        b0(v0: ptr, v1: i64, v2: i64):
          v3 = const i1 false
          v4 = const i64 0
          v5 = const i64 1
          v6 = const i64 32768
          v7 = slt v4, v1
          br v7, b1, b3(v4, v2)
        b1:
          jump b2(v4, v2, v6)
        b2(v8: i64, v9: i64, v10: i64) in L0:
          v11 = mulo v8, v2, v3, !0
          v12 = addo v9, v11, v3, !0
          v13 = poll v10, v3, !0, 1
          v14 = add v8, v5
          v15 = slt v14, v1
          br v15, b2(v14, v12, v13), b3(v14, v12)
        b3(v16: i64, v17: i64):
          ret v16, v17
    """, """
          v20 = const i64 2097152
          v18 = const i64 1048576
          v3 = const i1 false
          v4 = const i64 0
          v5 = const i64 1
          v6 = const i64 32768
          v7 = slt v4, v1
          br v7, b1, b5(v4, v2)
        b1:
          v19 = add v1, v18
          v21 = ule v19, v20
          v22 = add v2, v18
          v23 = ule v22, v20
          v24 = and v21, v23
          br v24, b2, b3
        b2:
          v25 = smax v1, v5
          v27 = sub v25, v5
          v28 = mul v25, v27
          v29 = lshr v28, v5
          v30 = mul v29, v2
          v31 = add v2, v30
          jump b5(v25, v31)
        b3:
          jump b4(v4, v2, v6)
        b4(v8: i64, v9: i64, v10: i64) in L0:
          v11 = mulo v8, v2, v3, !0
          v12 = addo v9, v11, v3, !0
          v13 = poll v10, v3, !0, 1
          v14 = add v8, v5
          v15 = slt v14, v1
          br v15, b4(v14, v12, v13), b5(v14, v12)
        b5(v16: i64, v17: i64):
          ret v16, v17
    """),
    "closed: not what an element adds": ("closed", """
        func f(v0: ptr, v1: i64, v2: i64) -> i64 {
        site 0: line 1 overflow
        loop L0: header b2 preheader b1 counter v8 step 1 stop v1
        b0(v0: ptr, v1: i64, v2: i64):
          v3 = const i1 false
          v4 = const i64 0
          v5 = const i64 1
          v7 = slt v4, v1
          br v7, b1, b3(v2)
        b1:
          jump b2(v4, v2)
        b2(v8: i64, v9: i64) in L0:
          v11 = xor v8, v2
          v12 = addo v9, v11, v3, !0
          v14 = add v8, v5
          v15 = slt v14, v1
          br v15, b2(v14, v12), b3(v12)
        b3(v17: i64):
          ret v17
    """, """
          v3 = const i1 false
          v4 = const i64 0
          v5 = const i64 1
          v7 = slt v4, v1
          br v7, b1, b3(v2)
        b1:
          jump b2(v4, v2)
        b2(v8: i64, v9: i64) in L0:
          v11 = xor v8, v2
          v12 = addo v9, v11, v3, !0
          v14 = add v8, v5
          v15 = slt v14, v1
          br v15, b2(v14, v12), b3(v12)
        b3(v17: i64):
          ret v17
    """),
    "closed: bits that are set": ("closed", """
        func f(v0: ptr, v1: i64, v2: i64) -> i64 {
        site 0: line 1 poll
        loop L0: header b2 preheader b1
        b0(v0: ptr, v1: i64, v2: i64):
          v3 = const i1 false
          v4 = const i64 0
          v5 = const i64 3
          v6 = const i64 -1
          v7 = ne v1, v4
          br v7, b1, b3(v2)
        b1:
          jump b2(v1, v2, v5)
        b2(v8: i64, v9: i64, v10: i64) in L0:
          v11 = add v8, v6
          v12 = and v8, v11
          v13 = add v9, v5
          v14 = poll v10, v3, !0, 1
          v15 = ne v12, v4
          br v15, b2(v12, v13, v14), b3(v13)
        b3(v16: i64):
          ret v16
    """, """
          v4 = const i64 0
          v5 = const i64 3
          v7 = ne v1, v4
          br v7, b1, b2(v2)
        b1:
          v17 = popcnt v1
          v18 = mul v17, v5
          v19 = add v2, v18
          jump b2(v19)
        b2(v16: i64):
          ret v16
    """),
    "closed: bits of a word that are set": ("closed", """
        func f(v0: ptr, v1: i64, v2: i64) -> i64 {
        fact v8 0 4294967295
        loop L0: header b2 preheader b1
        b0(v0: ptr, v1: i64, v2: i64):
          v3 = zext32 v1
          v4 = const i64 0
          v5 = const i64 1
          v6 = const i64 -1
          v7 = ne v3, v4
          br v7, b1, b3(v2)
        b1:
          jump b2(v3, v2)
        b2(v8: i64, v9: i64) in L0:
          v10 = add v8, v6
          v11 = zext32 v10
          v12 = and v8, v11
          v13 = add v9, v5
          v15 = ne v12, v4
          br v15, b2(v12, v13), b3(v13)
        b3(v16: i64):
          ret v16
    """, """
          v3 = zext32 v1
          v4 = const i64 0
          v7 = ne v3, v4
          br v7, b1, b2(v2)
        b1:
          v17 = popcnt v3
          v18 = add v2, v17
          jump b2(v18)
        b2(v16: i64):
          ret v16
    """),
    "closed: bits up to the highest, of what may be nothing": ("closed", """
        func f(v0: ptr, v1: i64, v2: i64) -> i64, i64 {
        loop L0: header b2 preheader b1
        b0(v0: ptr, v1: i64, v2: i64):
          v4 = const i64 0
          v5 = const i64 1
          jump b1
        b1:
          jump b2(v1, v2)
        b2(v8: i64, v9: i64) in L0:
          v12 = lshr v8, v5
          v13 = add v9, v5
          v15 = ne v12, v4
          br v15, b2(v12, v13), b3
        b3:
          ret v13, v12
    """, """
          v17 = const i64 64
          v4 = const i64 0
          v5 = const i64 1
          v18 = clz v1
          v19 = sub v17, v18
          v20 = smax v19, v5
          v21 = add v2, v20
          ret v21, v4
    """),
    "rotates: of words": ("rotates", """
        func f(v0: ptr, v1: i64, v2: i64) -> i64, i64, i64, i64 {
        fact v1 0 4294967295
        b0(v0: ptr, v1: i64, v2: i64):
          v3 = const i64 13
          v4 = const i64 19
          v5 = const i64 51
          v6 = shl v1, v3
          v7 = sar v1, v4
          v8 = or v6, v7
          v9 = zext32 v8
          v10 = zext32 v6
          v11 = xor v7, v10
          v12 = shl v2, v3
          v13 = lshr v2, v5
          v14 = add v12, v13
          v15 = or v12, v7
          ret v9, v11, v14, v15
    """, """
          v3 = const i64 13
          v4 = const i64 19
          v5 = const i64 51
          v6 = shl v1, v3
          v7 = sar v1, v4
          v8 = rol32 v1, v3
          v9 = zext32 v8
          v10 = zext32 v6
          v11 = rol32 v1, v3
          v12 = shl v2, v3
          v13 = lshr v2, v5
          v14 = rol64 v2, v3
          v15 = or v12, v7
          ret v8, v11, v14, v15
    """),
    "rotates: what is asked for is no more than a word": ("rotates", """
        func f(v0: ptr, v1: i64, v2: i64) -> i64, i64 {
        b0(v0: ptr, v1: i64, v2: i64):
          v3 = const i64 2
          v4 = const i64 30
          v5 = const i64 0
          v6 = zext32 v1
          jump b1(v5, v6)
        b1(v7: i64, v8: i64):
          v9 = sar v8, v3
          v10 = shl v8, v4
          v11 = or v9, v10
          v12 = xor v11, v2
          v13 = zext32 v12
          v14 = sar v2, v3
          v15 = shl v2, v4
          v16 = or v14, v15
          v17 = zext32 v16
          ret v13, v17
    """, """
          v3 = const i64 2
          v4 = const i64 30
          v5 = const i64 0
          v6 = zext32 v1
          jump b1(v5, v6)
        b1(v7: i64, v8: i64):
          v9 = sar v8, v3
          v10 = shl v8, v4
          v11 = rol32 v8, v4
          v12 = xor v11, v2
          v13 = zext32 v12
          v14 = sar v2, v3
          v15 = shl v2, v4
          v16 = or v14, v15
          v17 = zext32 v16
          ret v13, v17
    """),
    "rotates: more than a word is asked for": ("rotates", """
        func f(v0: ptr, v1: i64) -> i64 {
        fact v1 0 4294967295
        b0(v0: ptr, v1: i64):
          v3 = const i64 13
          v4 = const i64 19
          v6 = shl v1, v3
          v7 = sar v1, v4
          v8 = or v6, v7
          ret v8
    """, """
          v3 = const i64 13
          v4 = const i64 19
          v6 = shl v1, v3
          v7 = sar v1, v4
          v8 = or v6, v7
          ret v8
    """),
    "extensions: between sums": ("extensions", """
        func f(v0: ptr, v1: i64, v2: i64, v3: i64) -> i64 {
        b0(v0: ptr, v1: i64, v2: i64, v3: i64):
          v4 = mul v1, v2
          v5 = sext32 v4
          v6 = add v5, v3
          v7 = sext32 v6
          store i32 v7, [v0] region 1
          v8 = sar v7, v1
          ret v8
    """, """
          v4 = mul v1, v2
          v5 = sext32 v4
          v6 = add v4, v3
          v7 = sext32 v6
          store i32 v6, [v0] region 1
          v8 = sar v7, v1
          ret v8
    """),
    "extensions: a narrower one of a wider one": ("extensions", """
        func f(v0: ptr, v1: i64) -> i64, i64 {
        b0(v0: ptr, v1: i64):
          v2 = zext32 v1
          v3 = zext8 v2
          v4 = const i64 255
          v5 = and v3, v4
          v6 = zext16 v3
          ret v5, v6
    """, """
          v2 = zext32 v1
          v3 = zext8 v1
          v4 = const i64 255
          v5 = and v1, v4
          v6 = zext16 v3
          ret v5, v6
    """),
    "extensions: not of what is compared": ("extensions", """
        func f(v0: ptr, v1: i64, v2: i64) -> i64 {
        b0(v0: ptr, v1: i64, v2: i64):
          v3 = add v1, v2
          v4 = sext8 v3
          v5 = slt v4, v1
          v6 = select v5, v4, v2
          store i8 v6, [v0] region 1
          v7 = shl v4, v4
          v8 = sext32 v7
          ret v8
    """, """
          v3 = add v1, v2
          v4 = sext8 v3
          v5 = slt v4, v1
          v6 = select v5, v3, v2
          store i8 v6, [v0] region 1
          v7 = shl v4, v4
          v8 = sext32 v7
          ret v8
    """),
    "extensions: around a loop": ("extensions", """
        func f(v0: ptr, v1: i64, v2: i64) -> i64 {
        fact v6 -2147483648 2147483647
        loop L0: header b1 preheader b0 counter v5 step 1 stop v1
        b0(v0: ptr, v1: i64, v2: i64):
          v3 = const i64 0
          v4 = const i64 1
          jump b1(v3, v3)
        b1(v5: i64, v6: i64) in L0:
          v7 = add v6, v2
          v8 = sext32 v7
          v9 = add v5, v4
          v10 = slt v9, v1
          br v10, b1(v9, v8), b2(v8)
        b2(v11: i64):
          ret v11
    """, """
          v3 = const i64 0
          v4 = const i64 1
          jump b1(v3, v3)
        b1(v5: i64, v6: i64) in L0:
          v7 = add v6, v2
          v8 = sext32 v7
          v9 = add v5, v4
          v10 = slt v9, v1
          br v10, b1(v9, v7), b2(v8)
        b2(v11: i64):
          ret v11
    """),
    "checks: an unsigned minimum": ("checks", """
        func f(v0: ptr, v1: i64) -> i64, i64, i64 {
        b0(v0: ptr, v1: i64):
          v2 = const i64 63
          v3 = and v1, v2
          v4 = umin v3, v2
          v5 = umin v1, v2
          v6 = smin v5, v2
          v7 = umin v2, v6
          v8 = const i64 7
          v9 = umin v3, v8
          ret v4, v7, v9
    """, """
          v2 = const i64 63
          v3 = and v1, v2
          v4 = umin v1, v2
          v5 = const i64 7
          v6 = umin v3, v5
          ret v3, v4, v6
    """),
}
