package grayjpeg

// The cosine transforms of Loeffler, Ligtenberg and Moschytz (ICASSP 1989) in whole numbers with as many bits behind the
// point, and as many dropped in between, as image/jpeg has: another order of the same steps would round otherwise.

// fixed is x with that many bits behind the point, rounded; x has 60.
func fixed(x int64, bits int) int32 { return int32((x + 1<<(59-bits)) >> (60 - bits)) }

// Sines and cosines of multiples of π/16, and products with √2 and 1/√2, with 60 bits behind the point.
const (
	cos1     = 1130768441178740757
	sin1     = 224923827593068887
	cos3     = 958619196450722178
	sin3     = 640528868967736374
	root2    = 1630477228166597777
	root2c6  = 623956622067911264
	root2s6  = 1506364539328854985
	iroot2   = 815238614083298888
	iroot2c6 = 311978311033955632
	iroot2s6 = 753182269664427492
)

// turned rotates (a, b) by an angle and scales them, given the scaled cosine and sine.
func turned(a, b, cos, sin int32) (int32, int32) {
	both := cos * (a + b)
	return both + (sin-cos)*b, both - (cos+sin)*a
}

// forward replaces samples 0 … 255 by 8 times their coefficients.
func forward(b *block) {
	for i := range 8 {
		a0, a7 := b[i]+b[56+i], b[i]-b[56+i]
		a1, a6 := b[8+i]+b[48+i], b[8+i]-b[48+i]
		a2, a5 := b[16+i]+b[40+i], b[16+i]-b[40+i]
		a3, a4 := b[24+i]+b[32+i], b[24+i]-b[32+i]

		// The even half. The level shift by 128 touches the sum alone.
		e0, e3 := a0+a3, a0-a3
		e1, e2 := a1+a2, a1-a2
		b[i], b[32+i] = (e0+e1-128*8)<<18, (e0-e1)<<18
		b[16+i], b[48+i] = turned(e2, e3, fixed(root2c6, 18), fixed(root2s6, 18))

		// The odd half.
		o4, o7 := turned(a4, a7, fixed(cos3, 18), fixed(sin3, 18))
		o5, o6 := turned(a5, a6, fixed(cos1, 18), fixed(sin1, 18))
		o4, o6 = o4+o6, o4-o6
		o7, o5 = o7+o5, o7-o5
		b[24+i], b[40+i] = (o5>>12)*fixed(root2, 12), (o6>>12)*fixed(root2, 12)
		b[8+i], b[56+i] = o7+o4, o7-o4
	}
	for i := 0; i < 64; i += 8 {
		r := (*[8]int32)(b[i:])
		a0, a7 := r[0]+r[7], r[0]-r[7]
		a1, a6 := r[1]+r[6], r[1]-r[6]
		a2, a5 := r[2]+r[5], r[2]-r[5]
		a3, a4 := r[3]+r[4], r[3]-r[4]

		e0, e3 := a0+a3, a0-a3
		e1, e2 := a1+a2, a1-a2
		e2, e3 = turned(e2>>14, e3>>14, fixed(root2c6, 14), fixed(root2s6, 14))

		o4, o7 := turned(a4>>14, a7>>14, fixed(cos3, 14), fixed(sin3, 14))
		o5, o6 := turned(a5>>14, a6>>14, fixed(cos1, 14), fixed(sin1, 14))
		o4, o6 = o4+o6, o4-o6
		o7, o5 = o7+o5, o7-o5
		o5, o6 = (o5>>14)*fixed(root2, 14), (o6>>14)*fixed(root2, 14)

		const half = 1 << 17
		r[0], r[4] = (e0+e1+half)>>18, (e0-e1+half)>>18
		r[2], r[6] = (e2+half)>>18, (e3+half)>>18
		r[1], r[7] = (o7+o4+half)>>18, (o7-o4+half)>>18
		r[3], r[5] = (o5+half)>>18, (o6+half)>>18
	}
}

// inverse writes the samples of coefficients, clipped to 0 … 255, at dst, whose rows are stride apart. It uses b up.
func inverse(b *block, dst []byte, stride int) {
	for i := 0; i < 64; i += 8 {
		r := (*[8]int32)(b[i:])
		if r[1]|r[2]|r[3]|r[4]|r[5]|r[6]|r[7] == 0 { // then all eight are the same
			v := r[0] << 17
			*r = [8]int32{v, v, v, v, v, v, v, v}
			continue
		}
		a, c := r[0]<<17, r[4]<<17
		e0, e1 := a+c, a-c
		e2, e3 := turned(r[2], r[6], fixed(iroot2c6, 18), -fixed(iroot2s6, 18))
		e1, e2 = e1+e2, e1-e2
		e0, e3 = e0+e3, e0-e3

		a, c = r[1]<<7, r[7]<<7
		o7, o4 := a+c, a-c
		o6, o5 := r[5]*fixed(iroot2, 8), r[3]*fixed(iroot2, 8)
		o7, o5 = o7+o5, o7-o5
		o4, o6 = o4+o6, o4-o6
		o4, o7 = turned(o4>>2, o7>>2, fixed(cos3, 12), -fixed(sin3, 12))
		o5, o6 = turned(o5>>2, o6>>2, fixed(cos1, 12), -fixed(sin1, 12))

		*r = [8]int32{e0 + o7, e1 + o6, e2 + o5, e3 + o4, e3 - o4, e2 - o5, e1 - o6, e0 - o7}
	}
	for i := range 8 {
		a, c := b[i]+1<<19, b[32+i] // half of the last place that is kept
		e0, e1 := (a+c)>>2, (a-c)>>2
		e2, e3 := turned(b[16+i]>>13, b[48+i]>>13, fixed(iroot2c6, 12), -fixed(iroot2s6, 12))
		e1, e2 = e1+e2, e1-e2
		e0, e3 = e0+e3, e0-e3

		o7, o4 := b[8+i]+b[56+i], b[8+i]-b[56+i]
		o5, o6 := (b[24+i]>>13)*fixed(iroot2, 14), (b[40+i]>>13)*fixed(iroot2, 14)
		o7, o5 = o7+o5, o7-o5
		o4, o6 = o4+o6, o4-o6
		o4, o7 = turned(o4>>14, o7>>14, fixed(cos3, 12), -fixed(sin3, 12))
		o5, o6 = turned(o5>>14, o6>>14, fixed(cos1, 12), -fixed(sin1, 12))

		b[i], b[56+i] = e0+o7, e0-o7
		b[8+i], b[48+i] = e1+o6, e1-o6
		b[16+i], b[40+i] = e2+o5, e2-o5
		b[24+i], b[32+i] = e3+o4, e3-o4
	}
	for y := range 8 {
		r, out := (*[8]int32)(b[8*y:]), (*[8]byte)(dst[y*stride:])
		for x, v := range r {
			out[x] = byte(min(max(v>>18+128, 0), 255))
		}
	}
}
