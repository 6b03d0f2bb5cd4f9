;; NumPy's integers as wide as on a 64-bit machine, grafted onto the 32-bit interpreter (see splice.py).
;;
;; There, C's `long` has 32 bits and NumPy has two types of that width: "l" (long: its index type and its
;; default integer) and "i" (int). Here they part: "i" is int32; "l" is only ever an index that C code made.
;;   default integer                      -> "q", 64 bits
;;   the names int32 and i4               -> "i"
;;   arithmetic, sums and products of "l" -> "q"
;;   a value that "l" can't hold          -> OverflowError, never fewer bits
;; So each "l" is exact and nothing wraps that wouldn't on a 64-bit machine. Code of the renter (its
;; built-ins hold the key __int64) gets "q" where C hands out indices, and sees "l" as equal to "q".
;;
;; Addresses and offsets are those of the pinned interpreter: PyObject {refcount 0, type 4}, tuple items 16,
;; type {name 12}, PyArrayObject {descr 28, flags 32}, PyArray_Descr {type 4, scalar type 8, number 16},
;; DType {number 476}, PyUFuncObject {nin 8, nargs 16, ntypes 32, name 40, types 44}.
(module
  (import "env" "memory" (memory 1))
  (import "env" "stack" (global $stack (mut i32)))
  (import "env" "data" (global $data i32))

  (import "numpy" "PyArray_DescrFromType" (func $descr_of (param i32) (result i32)))
  (import "numpy" "PyArray_CastToType" (func $cast (param i32 i32 i32) (result i32)))
  (import "numpy" "PyArray_FromAny" (func $array_of (param i32 i32 i32 i32 i32 i32) (result i32)))
  (import "numpy" "PyArray_CanCastArrayTo" (func $can_cast_as_told (param i32 i32 i32) (result i32)))
  (import "numpy" "PyArray_Return" (func $scalar_if_0d (param i32) (result i32)))
  (import "python" "PyNumber_Multiply" (func $multiply (param i32 i32) (result i32)))
  (import "python" "_Py_Dealloc" (func $dealloc (param i32)))
  (import "python" "PyEval_GetBuiltins" (func $builtins (result i32)))
  (import "python" "PyDict_GetItemString" (func $item (param i32 i32) (result i32)))
  (import "python" "PyErr_SetString" (func $raise (param i32 i32)))
  (import "python" "PyErr_Occurred" (func $occurred (result i32)))
  (import "python" "PyErr_Clear" (func $clear))
  (import "python" "PyImport_AddModule" (func $module (param i32) (result i32)))
  (import "python" "PyObject_GetAttrString" (func $attribute (param i32 i32) (result i32)))
  (import "python" "PyObject_CallNoArgs" (func $call_object (param i32) (result i32)))
  (import "python" "PyErr_GetRaisedException" (func $raised (result i32)))
  (import "python" "PyErr_DisplayException" (func $display (param i32)))
  (import "python" "fflush" (func $flush (param i32) (result i32)))
  (import "python" "PyFloat_AsDouble" (func $as_double (param i32) (result f64)))

  (import "original" "f1" (func $original1 (param i32) (result i32)))
  (import "original" "f2" (func $original2 (param i32 i32) (result i32)))
  (import "original" "f2_" (func $original2_ (param i32 i32)))
  (import "original" "f3" (func $original3 (param i32 i32 i32) (result i32)))
  (import "original" "f4" (func $original4 (param i32 i32 i32 i32) (result i32)))
  (import "original" "f5" (func $original5 (param i32 i32 i32 i32 i32) (result i32)))
  (import "original" "f7" (func $original7 (param i32 i32 i32 i32 i32 i32 i32) (result i32)))
  (import "original" "f8" (func $original8 (param i32 i32 i32 i32 i32 i32 i32 i32) (result i32)))
  (import "original" "loop" (func $loop (param i32 i32 i32 i32)))
  (import "original" "f17" (func $original17
    (param i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32) (result i32)))

  (import "numpy" "gentype_add" (func $gentype_add (param i32 i32) (result i32)))
  (import "numpy" "gentype_subtract" (func $gentype_subtract (param i32 i32) (result i32)))
  (import "numpy" "gentype_multiply" (func $gentype_multiply (param i32 i32) (result i32)))
  (import "numpy" "gentype_floor_divide" (func $gentype_floor_divide (param i32 i32) (result i32)))
  (import "numpy" "gentype_remainder" (func $gentype_remainder (param i32 i32) (result i32)))
  (import "numpy" "gentype_divmod" (func $gentype_divmod (param i32 i32) (result i32)))
  (import "numpy" "gentype_power" (func $gentype_power (param i32 i32 i32) (result i32)))
  (import "numpy" "gentype_lshift" (func $gentype_lshift (param i32 i32) (result i32)))
  (import "numpy" "gentype_rshift" (func $gentype_rshift (param i32 i32) (result i32)))
  (import "numpy" "gentype_negative" (func $gentype_negative (param i32) (result i32)))
  (import "numpy" "gentype_absolute" (func $gentype_absolute (param i32) (result i32)))
  (import "numpy" "is_anyscalar_exact" (func $is_scalar (param i32) (result i32)))

  (import "numpy" "random_poisson" (func $random_poisson (param i32 f64) (result i64)))

  (data (i32.const 0)
    "this integer doesn't fit NumPy's index type, which has 32 bits in the sandbox: keep it as int64\00")
  (data (i32.const 100)
    "the sandbox draws C's long with 32 bits: use integers(0, 2**63) of numpy.random.default_rng\00")
  (data (i32.const 208) "_host\00serve\00")
  ;; Where CPython keeps its pointer to OverflowError; the type ndarray.
  (func $too_wide
    (call $raise (i32.load (i32.const 26079564)) (global.get $data)))

  ;; ---- small things
  (func $incref (param $o i32) (result i32)
    (if (i32.lt_s (i32.load (local.get $o)) (i32.const 0x3fffffff))
      (then (i32.store (local.get $o) (i32.add (i32.load (local.get $o)) (i32.const 1)))))
    (local.get $o))

  (func $decref (param $o i32)
    (local $count i32)
    (local.set $count (i32.load (local.get $o)))
    (if (i32.gt_s (local.get $count) (i32.const 0x3fffffff)) (then (return)))
    (local.set $count (i32.sub (local.get $count) (i32.const 1)))
    (i32.store (local.get $o) (local.get $count))
    (if (i32.eqz (local.get $count)) (then (call $dealloc (local.get $o)))))

  (func $number_of (param $array i32) (result i32)
    (i32.load offset=16 (i32.load offset=28 (local.get $array))))

  ;; l, L -> q, Q; other numbers as they are
  (func $wide (param $number i32) (result i32)
    (if (i32.lt_u (i32.sub (local.get $number) (i32.const 7)) (i32.const 2))
      (then (return (i32.add (local.get $number) (i32.const 2)))))
    (local.get $number))

  (func $is_index (param $number i32) (result i32)
    (i32.lt_u (i32.sub (local.get $number) (i32.const 7)) (i32.const 2)))

  (func $is_wide (param $number i32) (result i32)
    (i32.lt_u (i32.sub (local.get $number) (i32.const 9)) (i32.const 2)))

  ;; Of an array that is given away: one of q if it was of l.
  (func $wide_array (param $array i32) (result i32)
    (local $number i32) (local $new i32)
    (local.set $number (call $number_of (local.get $array)))
    (if (i32.eqz (call $is_index (local.get $number))) (then (return (local.get $array))))
    (local.set $new
      (call $cast (local.get $array) (call $descr_of (call $wide (local.get $number))) (i32.const 0)))
    (call $decref (local.get $array))
    (local.get $new))

  ;; Whether the code that runs is the renter's: its built-ins hold the key "__int64".
  (func $of_renter (result i32)
    (local $scope i32) (local $found i32)
    (local.set $scope (call $builtins))
    (if (i32.eqz (local.get $scope)) (then (return (i32.const 0))))
    (global.set $stack (i32.sub (global.get $stack) (i32.const 16)))
    (i64.store (global.get $stack) (i64.const 0x003436746e695f5f))
    (local.set $found (call $item (local.get $scope) (global.get $stack)))
    (global.set $stack (i32.add (global.get $stack) (i32.const 16)))
    (i32.ne (local.get $found) (i32.const 0)))

  (func $wide_object (param $o i32) (result i32)
    (local $kind i32) (local $array i32)
    (local.set $kind (i32.load offset=4 (local.get $o)))
    (if (i32.eq (local.get $kind) (i32.const 26443132)) (then (return (call $wide_array (local.get $o)))))
    (if (i32.or
          (i32.eq (local.get $kind) (i32.load offset=8 (call $descr_of (i32.const 7))))
          (i32.eq (local.get $kind) (i32.load offset=8 (call $descr_of (i32.const 8)))))
      (then
        (local.set $array (call $array_of (local.get $o)
          (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0)))
        (call $decref (local.get $o))
        (if (i32.eqz (local.get $array)) (then (return (i32.const 0))))
        (return (call $scalar_if_0d (call $wide_array (local.get $array))))))
    (local.get $o))

  ;; A result as the renter's code gets it; a fresh tuple is changed in place.
  (func $for_renter (param $o i32) (result i32)
    (local $at i32) (local $end i32) (local $part i32)
    (if (i32.eqz (local.get $o)) (then (return (i32.const 0))))
    (if (i32.eqz (call $of_renter)) (then (return (local.get $o))))
    (if (i32.ne (i32.load offset=4 (local.get $o)) (i32.const 26125008))
      (then (return (call $wide_object (local.get $o)))))
    (local.set $at (i32.add (local.get $o) (i32.const 16)))
    (local.set $end (i32.add (local.get $at) (i32.shl (i32.load offset=8 (local.get $o)) (i32.const 2))))
    (block $done
      (loop $next
        (br_if $done (i32.ge_u (local.get $at) (local.get $end)))
        (local.set $part (call $wide_object (i32.load (local.get $at))))
        (if (i32.eqz (local.get $part)) (then (return (i32.const 0))))
        (i32.store (local.get $at) (local.get $part))
        (local.set $at (i32.add (local.get $at) (i32.const 4)))
        (br $next)))
    (local.get $o))

  ;; ---- recursion
  ;; CPython for WASI lets C code use 128 KiB of its stack, which ends a recursion through C (lru_cache,
  ;; sorted) at some 300 levels; elsewhere it goes to thousands. The stack has 16 MiB, from 0x1000000 down.
  ;; 27561516 points at the thread state {soft limit 788, hard limit 792}.
  (func (export "reactor_turn") (param i32 i32) (result i32)
    (local $thread i32)
    (local.set $thread (i32.load (i32.const 27561516)))
    (if (local.get $thread)
      (then
        (i32.store offset=788 (local.get $thread) (i32.const 0xe00000))
        (i32.store offset=792 (local.get $thread) (i32.const 0xde0000))))
    (if (i32.eqz (local.get 1)) (then (return (call $serve))))
    (call $original2 (local.get 0) (local.get 1)))

  ;; A turn without text calls _host.serve, which takes a tenth of the time; 1 if it raised.
  (func $serve (result i32)
    (local $found i32) (local $result i32)
    (local.set $found (call $module (i32.add (global.get $data) (i32.const 208))))
    (if (local.get $found)
      (then
        (local.set $found (call $attribute (local.get $found) (i32.add (global.get $data) (i32.const 214))))
        (if (local.get $found)
          (then
            (local.set $result (call $call_object (local.get $found)))
            (call $decref (local.get $found))))))
    (if (i32.eqz (local.get $result))
      (then (call $display (call $raised)))
      (else (call $decref (local.get $result))))
    (drop (call $flush (i32.const 0)))
    (i32.eqz (local.get $result)))

  ;; ---- types
  (func (export "default") (param i32) (result i32)
    (call $descr_of (i32.const 9)))

  (func (export "discover_descriptor_from_pylong") (param i32 i32) (result i32)
    (local $found i32)
    (local.set $found (call $original2 (local.get 0) (local.get 1)))
    (if (i32.eqz (local.get $found)) (then (return (i32.const 0))))
    (if (i32.eq (i32.load offset=16 (local.get $found)) (i32.const 7))
      (then (return (call $descr_of (i32.const 9)))))
    (local.get $found))

  (func (export "PyArray_TypestrConvert") (param i32 i32) (result i32)
    (local $number i32)
    (local.set $number (call $original2 (local.get 0) (local.get 1)))
    (if (call $is_index (local.get $number))
      (then (return (i32.sub (local.get $number) (i32.const 2)))))
    (local.get $number))

  ;; A type by its name or letter ("l", "P", "uintp"): for the renter as wide as it says.
  (func (export "_convert_from_str") (param i32 i32) (result i32)
    (local $found i32)
    (local.set $found (call $original2 (local.get 0) (local.get 1)))
    (if (local.get $found)
      (then
        (if (call $is_index (i32.load offset=16 (local.get $found)))
          (then (if (call $of_renter)
            (then (return (call $descr_of (call $wide (i32.load offset=16 (local.get $found)))))))))))
    (local.get $found))

  (func (export "PyArray_ObjectType") (param i32 i32) (result i32)
    (call $wide (call $original2 (local.get 0) (local.get 1))))

  ;; l == q where the renter looks
  (func (export "arraydescr_richcompare") (param $self i32) (param $other i32) (param $how i32) (result i32)
    (local $number i32)
    (if (i32.and (i32.ne (local.get $how) (i32.const 2)) (i32.ne (local.get $how) (i32.const 3)))
      (then (return (call $original3 (local.get $self) (local.get $other) (local.get $how)))))
    (local.set $number (i32.load offset=16 (local.get $self)))
    (if (call $is_index (local.get $number))
      (then (if (call $of_renter)
        (then (local.set $self (call $descr_of (call $wide (local.get $number))))))))
    (local.set $number (i32.load offset=4 (local.get $other)))
    (if (i32.or
          (i32.eq (local.get $number) (i32.load offset=4 (call $descr_of (i32.const 7))))
          (i32.eq (local.get $number) (i32.load offset=4 (call $descr_of (i32.const 8)))))
      (then (if (call $of_renter)
        (then (local.set $other
          (call $descr_of (call $wide (i32.load offset=16 (local.get $other)))))))))
    (call $original3 (local.get $self) (local.get $other) (local.get $how)))

  ;; Scalars of "i" are named int32, those of "l" int64.
  (func (export "_multiarray_umath_exec") (param $module i32) (result i32)
    (local $result i32)
    (local.set $result (call $original1 (local.get $module)))
    (call $name (i32.const 5) (i32.const 7))
    (call $name (i32.const 6) (i32.const 8))
    (call $name (i32.const 7) (i32.const 9))
    (call $name (i32.const 8) (i32.const 10))
    (local.get $result))

  (func $name (param $number i32) (param $like i32)
    (i32.store offset=12 (i32.load offset=8 (call $descr_of (local.get $number)))
      (i32.load offset=12 (i32.load offset=8 (call $descr_of (local.get $like))))))

  ;; The format of a struct's field that Cython code calls intp_t: "l", not "i" of the same size.
  (func (export "__Pyx_TypeInfoToFormat") (param $string i32) (param $info i32)
    (call $original2_ (local.get $string) (local.get $info))
    (if (i32.and
          (i32.eq (i32.load8_u (local.get $string)) (i32.const 105))
          (i32.eq (i32.load (i32.load (local.get $info))) (i32.const 0x70746e69)))
      (then (i32.store8 (local.get $string) (i32.const 108)))))

  ;; ---- arithmetic
  (func $has_loop (param $ufunc i32) (param $number i32) (result i32)
    (local $at i32) (local $end i32)
    (local.set $at (i32.load offset=44 (local.get $ufunc)))
    (local.set $end (i32.add (local.get $at)
      (i32.mul (i32.load offset=16 (local.get $ufunc)) (i32.load offset=32 (local.get $ufunc)))))
    (block $done
      (loop $next
        (br_if $done (i32.ge_u (local.get $at) (local.get $end)))
        (if (i32.eq (i32.load8_u (local.get $at)) (local.get $number)) (then (return (i32.const 1))))
        (local.set $at (i32.add (local.get $at) (i32.const 1)))
        (br $next)))
    (i32.const 0))

  ;; Inputs of l become q. A ufunc that knows l alone (ldexp, Bessel functions of whole order) gets l, checked.
  (func (export "convert_ufunc_arguments")
    (param $ufunc i32) (param i32 i32) (param $ops i32) (param $kinds i32)
    (param i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32) (result i32)
    (local $result i32) (local $at i32) (local $array i32) (local $number i32) (local $kind i32) (local $to i32)
    (local.set $result (call $original17
      (local.get 0) (local.get 1) (local.get 2) (local.get 3) (local.get 4) (local.get 5) (local.get 6)
      (local.get 7) (local.get 8) (local.get 9) (local.get 10) (local.get 11) (local.get 12) (local.get 13)
      (local.get 14) (local.get 15) (local.get 16)))
    (if (i32.lt_s (local.get $result) (i32.const 0)) (then (return (local.get $result))))
    (block $done
      (loop $next
        (br_if $done (i32.ge_s (local.get $at) (i32.load offset=8 (local.get $ufunc))))
        (block $as_it_is
          (local.set $array (i32.load
            (i32.add (local.get $ops) (i32.shl (local.get $at) (i32.const 2)))))
          (local.set $kind (i32.add (local.get $kinds) (i32.shl (local.get $at) (i32.const 2))))
          (br_if $as_it_is (i32.eqz (local.get $array)))
          (local.set $number (call $number_of (local.get $array)))
          (br_if $as_it_is (i32.ge_u (i32.sub (local.get $number) (i32.const 7)) (i32.const 4)))
          (local.set $to (call $wide (local.get $number)))
          (if (i32.eqz (call $has_loop (local.get $ufunc) (i32.const 9)))
            (then
              (br_if $as_it_is (i32.eqz (call $has_loop (local.get $ufunc) (i32.const 7))))
              (local.set $to (i32.sub (local.get $to) (i32.const 2))))
            (else  ;; a bare Python number, whose kind has no number, stays weak
              (br_if $as_it_is
                (i32.ne (local.get $number) (i32.load offset=476 (i32.load (local.get $kind)))))))
          (br_if $as_it_is (i32.eq (local.get $to) (local.get $number)))
          (local.set $array (call $cast (local.get $array) (call $descr_of (local.get $to)) (i32.const 0)))
          (if (i32.eqz (local.get $array)) (then (return (i32.const -1))))
          (call $decref (i32.load (i32.add (local.get $ops) (i32.shl (local.get $at) (i32.const 2)))))
          (i32.store (i32.add (local.get $ops) (i32.shl (local.get $at) (i32.const 2))) (local.get $array))
          (call $decref (i32.load (local.get $kind)))
          (i32.store (local.get $kind)
            (call $incref (i32.load offset=4 (i32.load offset=28 (local.get $array))))))
        (local.set $at (i32.add (local.get $at) (i32.const 1)))
        (br $next)))
    (local.get $result))

  ;; The type that reduce, accumulate and reduceat add up in, as in a 64-bit NumPy: sums and products of
  ;; anything narrower in 64 bits, whatever they are of an l.
  (func (export "reducelike_promote_and_resolve")
    (param $ufunc i32) (param $array i32) (param $out i32) (param $signature i32)
    (param i32 i32 i32 i32) (result i32)
    (local $number i32) (local $to i32)
    (if (i32.eqz (i32.or (local.get $out) (i32.load (local.get $signature))))
      (then
        (local.set $number (call $number_of (local.get $array)))
        (local.set $to (call $accumulator (local.get $ufunc) (local.get $number)))
        (if (i32.ne (local.get $to) (local.get $number))
          (then (i32.store (local.get $signature)
            (call $incref (i32.load offset=4 (call $descr_of (local.get $to)))))))))
    (call $original8 (local.get $ufunc) (local.get $array) (local.get $out) (local.get $signature)
      (local.get 4) (local.get 5) (local.get 6) (local.get 7)))

  (func $accumulator (param $ufunc i32) (param $number i32) (result i32)
    (local $name i32) (local $adds i32)
    (if (i32.gt_u (local.get $number) (i32.const 8)) (then (return (local.get $number))))
    (local.set $name (i32.load (i32.load offset=40 (local.get $ufunc))))
    (local.set $adds (i32.or
      (i32.eq (local.get $name) (i32.const 0x00646461)) (i32.eq (local.get $name) (i32.const 0x746c756d))))
    (if (local.get $adds)
      (then
        (if (i32.eqz (local.get $number)) (then (return (i32.const 9))))
        (return (select (i32.const 9) (i32.const 10) (i32.and (local.get $number) (i32.const 1))))))
    ;; subtract, power, lcm, left_shift
    (if (i32.or
          (i32.or (i32.eq (local.get $name) (i32.const 0x74627573))
                  (i32.eq (local.get $name) (i32.const 0x65776f70)))
          (i32.or (i32.eq (local.get $name) (i32.const 0x006d636c))
                  (i32.eq (local.get $name) (i32.const 0x7466656c))))
      (then (return (call $wide (local.get $number)))))
    (local.get $number))

  (func (export "PyArray_EinsteinSum")
    (param i32) (param $count i32) (param $ops i32) (param i32 i32 i32 i32) (result i32)
    (local $at i32) (local $array i32)
    (block $done
      (loop $next
        (br_if $done (i32.ge_s (local.get $at) (local.get $count)))
        (local.set $array (call $wide_array
          (i32.load (i32.add (local.get $ops) (i32.shl (local.get $at) (i32.const 2))))))
        (i32.store (i32.add (local.get $ops) (i32.shl (local.get $at) (i32.const 2))) (local.get $array))
        (if (i32.eqz (local.get $array)) (then (return (i32.const 0))))
        (local.set $at (i32.add (local.get $at) (i32.const 1)))
        (br $next)))
    (call $original7 (local.get 0) (local.get 1) (local.get 2) (local.get 3) (local.get 4) (local.get 5)
      (local.get 6)))

  ;; Shifts of 64 bits: the originals look at the low half of the count alone.
  (func $shift (param $args i32) (param $n i32) (param $steps i32) (param $way i32)
    (local $a i32) (local $b i32) (local $out i32) (local $x i64) (local $by i64)
    (local.set $a (i32.load (local.get $args)))
    (local.set $b (i32.load offset=4 (local.get $args)))
    (local.set $out (i32.load offset=8 (local.get $args)))
    (block $done
      (loop $next
        (br_if $done (i32.eqz (local.get $n)))
        (local.set $x (i64.load (local.get $a)))
        (local.set $by (i64.load (local.get $b)))
        (if (i64.lt_u (local.get $by) (i64.const 64))
          (then
            (local.set $x (select (i64.shl (local.get $x) (local.get $by))
              (select (i64.shr_s (local.get $x) (local.get $by)) (i64.shr_u (local.get $x) (local.get $by))
                (i32.eq (local.get $way) (i32.const 1)))
              (i32.eqz (local.get $way)))))
          (else
            (local.set $x (select (i64.shr_s (local.get $x) (i64.const 63)) (i64.const 0)
              (i32.eq (local.get $way) (i32.const 1))))))
        (i64.store (local.get $out) (local.get $x))
        (local.set $a (i32.add (local.get $a) (i32.load (local.get $steps))))
        (local.set $b (i32.add (local.get $b) (i32.load offset=4 (local.get $steps))))
        (local.set $out (i32.add (local.get $out) (i32.load offset=8 (local.get $steps))))
        (local.set $n (i32.sub (local.get $n) (i32.const 1)))
        (br $next))))
  (func (export "shift_left") (param i32 i32 i32 i32)
    (call $shift (local.get 0) (i32.load (local.get 1)) (local.get 2) (i32.const 0)))
  (func (export "LONGLONG_right_shift") (param i32 i32 i32 i32)
    (call $shift (local.get 0) (i32.load (local.get 1)) (local.get 2) (i32.const 1)))
  (func (export "ULONGLONG_right_shift") (param i32 i32 i32 i32)
    (call $shift (local.get 0) (i32.load (local.get 1)) (local.get 2) (i32.const 2)))

  ;; A product that compiled code takes as indices.
  (func $index_product (param i32 i32) (result i32)
    (local $made i32) (local $narrow i32)
    (local.set $made (call $multiply (local.get 0) (local.get 1)))
    (if (i32.eqz (local.get $made)) (then (return (i32.const 0))))
    (local.set $narrow (call $cast (local.get $made) (call $descr_of (i32.const 7)) (i32.const 0)))
    (call $decref (local.get $made))
    (local.get $narrow))

  ;; Scalars of l compute as arrays do.
  (func (export "add") (param i32 i32) (result i32) (call $gentype_add (local.get 0) (local.get 1)))
  (func (export "subtract") (param i32 i32) (result i32) (call $gentype_subtract (local.get 0) (local.get 1)))
  (func (export "multiply") (param i32 i32) (result i32) (call $gentype_multiply (local.get 0) (local.get 1)))
  (func (export "floor_divide") (param i32 i32) (result i32)
    (call $gentype_floor_divide (local.get 0) (local.get 1)))
  (func (export "remainder") (param i32 i32) (result i32)
    (call $gentype_remainder (local.get 0) (local.get 1)))
  (func (export "divmod") (param i32 i32) (result i32) (call $gentype_divmod (local.get 0) (local.get 1)))
  (func (export "power") (param i32 i32 i32) (result i32)
    (call $gentype_power (local.get 0) (local.get 1) (local.get 2)))
  (func (export "lshift") (param i32 i32) (result i32) (call $gentype_lshift (local.get 0) (local.get 1)))
  (func (export "rshift") (param i32 i32) (result i32) (call $gentype_rshift (local.get 0) (local.get 1)))
  (func (export "negative") (param i32) (result i32) (call $gentype_negative (local.get 0)))
  (func (export "absolute") (param i32) (result i32) (call $gentype_absolute (local.get 0)))

  ;; Called by a ufunc's shortcut for one scalar, which would compute in the scalar's own type.
  (func $shortcut_scalar (param $o i32) (result i32)
    (local $kind i32)
    (local.set $kind (i32.load offset=4 (local.get $o)))
    (if (i32.or
          (i32.eq (local.get $kind) (i32.load offset=8 (call $descr_of (i32.const 7))))
          (i32.eq (local.get $kind) (i32.load offset=8 (call $descr_of (i32.const 8)))))
      (then (return (i32.const 0))))
    (call $is_scalar (local.get $o)))

  ;; ---- into the index type
  ;; An array of q where C asks for indices: allowed, as on a 64-bit machine, where they are one type.
  (func (export "PyArray_FromArray") (param $array i32) (param $descr i32) (param $flags i32) (result i32)
    (if (local.get $descr)
      (then
        (if (i32.and
              (call $is_index (i32.load offset=16 (local.get $descr)))
              (call $is_wide (call $number_of (local.get $array))))
          (then (local.set $flags (i32.or (local.get $flags) (i32.const 0x10)))))))
    (call $original3 (local.get $array) (local.get $descr) (local.get $flags)))

  (func $can_cast (param $array i32) (param $descr i32) (param $how i32) (result i32)
    (if (i32.and
          (call $is_index (i32.load offset=16 (local.get $descr)))
          (call $is_wide (call $number_of (local.get $array))))
      (then (return (i32.const 1))))
    (call $can_cast_as_told (local.get $array) (local.get $descr) (local.get $how)))

  ;; Integers into l: NumPy's own check for `casting="same_value"`, always (a flag at 16 of the context).
  (func (export "narrow") (param $context i32) (param i32 i32 i32 i32) (result i32)
    (local $flags i32) (local $result i32)
    (local.set $flags (i32.load8_u offset=16 (local.get $context)))
    (i32.store8 offset=16 (local.get $context) (i32.or (local.get $flags) (i32.const 1)))
    (local.set $result (call $original5
      (local.get 0) (local.get 1) (local.get 2) (local.get 3) (local.get 4)))
    (i32.store8 offset=16 (local.get $context) (local.get $flags))
    (if (i32.lt_s (local.get $result) (i32.const 0))
      (then
        (if (i32.eqz (i32.and (local.get $flags) (i32.const 1)))
          (then (call $clear) (call $too_wide)))))
    (local.get $result))

  ;; Floats into l: NaN is as on x86; a finite number that doesn't fit is an error (see $float_index).
  (func (export "narrow_float") (param i32 i32 i32 i32 i32) (result i32)
    (local $result i32)
    (local.set $result (call $original5
      (local.get 0) (local.get 1) (local.get 2) (local.get 3) (local.get 4)))
    (if (i32.and (i32.eqz (local.get $result)) (i32.ne (call $occurred) (i32.const 0)))
      (then (return (i32.const -1))))
    (local.get $result))

  (func $float_index (param $x f64) (result i32)
    (if (i32.and
          (f64.ge (f64.abs (local.get $x)) (f64.const 2147483649))
          (f64.lt (f64.abs (local.get $x)) (f64.const inf)))
      (then (call $too_wide)))
    (call $to_i32 (local.get $x)))
  (func $float_index_f (param $x f32) (result i32) (call $float_index (f64.promote_f32 (local.get $x))))

  ;; ---- floats to integers, as x86-64 does: what doesn't fit becomes the least integer
  (func $to_i32 (param $x f64) (result i32)
    (if (i32.and (f64.gt (local.get $x) (f64.const -2147483649)) (f64.lt (local.get $x) (f64.const 2147483648)))
      (then (return (i32.trunc_f64_s (local.get $x)))))
    (call $raise_flags (i32.const 1))
    (i32.const 0x80000000))
  (func $to_i64 (param $x f64) (result i64)
    (if (f64.lt (f64.abs (local.get $x)) (f64.const 9223372036854775808))
      (then (return (i64.trunc_f64_s (local.get $x)))))
    (call $raise_flags (i32.const 1))
    (i64.const 0x8000000000000000))
  (func $to_u32 (param $x f64) (result i32) (i32.wrap_i64 (call $to_i64 (local.get $x))))
  (func $to_u64 (param $x f64) (result i64)
    (if (f64.ge (local.get $x) (f64.const 9223372036854775808))
      (then (return (i64.xor (call $to_i64 (f64.sub (local.get $x) (f64.const 9223372036854775808)))
        (i64.const 0x8000000000000000)))))
    (call $to_i64 (local.get $x)))
  (func $to_i32_f (param $x f32) (result i32) (call $to_i32 (f64.promote_f32 (local.get $x))))
  (func $to_i64_f (param $x f32) (result i64) (call $to_i64 (f64.promote_f32 (local.get $x))))
  (func $to_u32_f (param $x f32) (result i32) (call $to_u32 (f64.promote_f32 (local.get $x))))
  (func $to_u64_f (param $x f32) (result i64) (call $to_u64 (f64.promote_f32 (local.get $x))))

  ;; ---- indices that C hands out
  (func (export "indices4") (param i32 i32 i32 i32) (result i32)
    (call $for_renter (call $original4 (local.get 0) (local.get 1) (local.get 2) (local.get 3))))
  (func (export "indices3") (param i32 i32 i32) (result i32)
    (call $for_renter (call $original3 (local.get 0) (local.get 1) (local.get 2))))
  (func (export "indices2") (param i32 i32) (result i32)
    (call $for_renter (call $original2 (local.get 0) (local.get 1))))

  ;; ---- RandomState
  ;; Its integers stay as they were drawn.
  (func (export "as_drawn") (param i32) (result i32) (call $incref (local.get 0)))
  (func $poisson (param i32 f64) (result i64) (call $random_poisson (local.get 0) (local.get 1)))
  ;; Where a draw must go through 32 bits: an error if it doesn't fit, told when the method ends.
  (func $drawn_i32 (param $x f64) (result i32)
    (if (f64.ge (local.get $x) (f64.const 2147483648)) (then (call $too_wide)))
    (i32.trunc_sat_f64_s (local.get $x)))
  ;; A method that can't be as wide: RandomState.tomaxint.
  (func (export "refused4") (param i32 i32 i32 i32) (result i32)
    (call $raise (i32.load (i32.const 26079564)) (i32.add (global.get $data) (i32.const 100)))
    (i32.const 0))
  (func (export "raising4") (param i32 i32 i32 i32) (result i32)
    (local $result i32)
    (local.set $result
      (call $original4 (local.get 0) (local.get 1) (local.get 2) (local.get 3)))
    (if (i32.and (i32.ne (local.get $result) (i32.const 0)) (i32.ne (call $occurred) (i32.const 0)))
      (then (call $decref (local.get $result)) (return (i32.const 0))))
    (local.get $result))

  ;; ---- floating-point flags
  ;; wasm has none, so NumPy's warnings and errstate would see nothing. Each loop is followed by a look at
  ;; what it made: infinite or NaN out of inputs that weren't. C's flags lie in one word.
  ;; kinds: 0 infinite means overflow; 1 a pole (log); 2 a pole where the divisor is 0; 3 where the base is 0
  (func $raise_flags (param $flags i32)
    (i32.store (i32.const 27608152) (i32.or (i32.load (i32.const 27608152)) (local.get $flags))))

  (func $load (param $at i32) (param $size i32) (result f64)
    (if (i32.eq (local.get $size) (i32.const 4)) (then (return (f64.promote_f32 (f32.load (local.get $at))))))
    (f64.load (local.get $at)))

  (func $finite (param $x f64) (result i32)
    (f64.lt (f64.abs (local.get $x)) (f64.const inf)))

  ;; Whether one of n numbers is infinite or NaN.
  (func $any_odd (param $at i32) (param $step i32) (param $n i32) (param $size i32) (result i32)
    (local $end i32) (local $odd v128) (local $mask v128)
    (if (i32.and (i32.eq (local.get $step) (local.get $size)) (i32.ge_u (local.get $n) (i32.const 8)))
      (then
        (local.set $end (i32.add (local.get $at)
          (i32.and (i32.mul (local.get $n) (local.get $size)) (i32.const -32))))
        (if (i32.eq (local.get $size) (i32.const 8))
          (then
            (local.set $mask (i64x2.splat (i64.const 0x7ff0000000000000)))
            (loop $next
              (local.set $odd (v128.or (local.get $odd) (v128.or
                (i64x2.eq (v128.and (v128.load (local.get $at)) (local.get $mask)) (local.get $mask))
                (i64x2.eq (v128.and (v128.load offset=16 (local.get $at)) (local.get $mask))
                  (local.get $mask)))))
              (local.set $at (i32.add (local.get $at) (i32.const 32)))
              (br_if $next (i32.lt_u (local.get $at) (local.get $end))))
            (local.set $n (i32.and (local.get $n) (i32.const 3))))
          (else
            (local.set $mask (i32x4.splat (i32.const 0x7f800000)))
            (loop $next
              (local.set $odd (v128.or (local.get $odd) (v128.or
                (i32x4.eq (v128.and (v128.load (local.get $at)) (local.get $mask)) (local.get $mask))
                (i32x4.eq (v128.and (v128.load offset=16 (local.get $at)) (local.get $mask))
                  (local.get $mask)))))
              (local.set $at (i32.add (local.get $at) (i32.const 32)))
              (br_if $next (i32.lt_u (local.get $at) (local.get $end))))
            (local.set $n (i32.and (local.get $n) (i32.const 7)))))
        (if (v128.any_true (local.get $odd)) (then (return (i32.const 1))))))
    (block $done
      (loop $next
        (br_if $done (i32.eqz (local.get $n)))
        (if (i32.eqz (call $finite (call $load (local.get $at) (local.get $size))))
          (then (return (i32.const 1))))
        (local.set $at (i32.add (local.get $at) (local.get $step)))
        (local.set $n (i32.sub (local.get $n) (i32.const 1)))
        (br $next)))
    (i32.const 0))

  ;; C's flags of one result: 1 invalid, 4 division by zero, 8 overflow.
  (func $flags_of (param $kind i32) (param $a f64) (param $b f64) (param $out f64) (result i32)
    (if (call $finite (local.get $out)) (then (return (i32.const 0))))
    (if (i32.or (f64.ne (local.get $a) (local.get $a)) (f64.ne (local.get $b) (local.get $b)))
      (then (return (i32.const 0))))
    (if (f64.ne (local.get $out) (local.get $out)) (then (return (i32.const 1))))
    (if (i32.eqz (i32.and (call $finite (local.get $a)) (call $finite (local.get $b))))
      (then (return (i32.const 0))))
    (if (i32.eq (local.get $kind) (i32.const 1)) (then (return (i32.const 4))))
    (if (i32.and (i32.eq (local.get $kind) (i32.const 2)) (f64.eq (local.get $b) (f64.const 0)))
      (then (return (i32.const 4))))
    (if (i32.and (i32.eq (local.get $kind) (i32.const 3)) (f64.eq (local.get $a) (f64.const 0)))
      (then (return (i32.const 4))))
    (i32.const 8))

  ;; What must be known before a loop that may write over its inputs: 0 it doesn't; 1 it does, and they are
  ;; finite; 2 it does, and they aren't; 3 it adds up into a finite number (a reduction).
  (func $before (param $args i32) (param $n i32) (param $steps i32) (param $size i32) (param $inputs i32)
    (result i32)
    (local $out i32) (local $first i32) (local $second i32)
    (local.set $first (i32.load (local.get $args)))
    (local.set $out (i32.load (i32.add (local.get $args) (i32.shl (local.get $inputs) (i32.const 2)))))
    (if (i32.eq (local.get $inputs) (i32.const 2))
      (then (local.set $second (i32.load offset=4 (local.get $args)))))
    (if (i32.and (i32.ne (local.get $out) (local.get $first)) (i32.ne (local.get $out) (local.get $second)))
      (then (return (i32.const 0))))
    (if (i32.eqz (i32.load (i32.add (local.get $steps) (i32.shl (local.get $inputs) (i32.const 2)))))
      (then (return (select (i32.const 3) (i32.const 2)
        (call $finite (call $load (local.get $out) (local.get $size)))))))
    (if (call $any_odd (local.get $first) (i32.load (local.get $steps)) (local.get $n) (local.get $size))
      (then (return (i32.const 2))))
    (if (local.get $second)
      (then
        (if (call $any_odd (local.get $second) (i32.load offset=4 (local.get $steps)) (local.get $n)
              (local.get $size))
          (then (return (i32.const 2))))))
    (i32.const 1))

  (func $look (param $args i32) (param $n i32) (param $steps i32) (param $size i32) (param $inputs i32)
    (param $kind i32) (param $before i32)
    (local $out i32) (local $out_step i32) (local $a i32) (local $b i32) (local $flags i32)
    (local $first f64) (local $second f64)
    (if (i32.or (i32.eq (local.get $before) (i32.const 2)) (i32.eqz (local.get $n))) (then (return)))
    (local.set $out (i32.load (i32.add (local.get $args) (i32.shl (local.get $inputs) (i32.const 2)))))
    (local.set $out_step (i32.load (i32.add (local.get $steps) (i32.shl (local.get $inputs) (i32.const 2)))))
    (if (i32.eqz (call $any_odd (local.get $out) (local.get $out_step)
          (select (local.get $n) (i32.const 1) (local.get $out_step)) (local.get $size)))
      (then (return)))
    (local.set $a (i32.load (local.get $args)))
    (if (i32.eq (local.get $inputs) (i32.const 2)) (then (local.set $b (i32.load offset=4 (local.get $args)))))
    (if (i32.eq (local.get $before) (i32.const 3))
      (then
        (if (i32.eqz (call $any_odd (local.get $b) (i32.load offset=4 (local.get $steps)) (local.get $n)
              (local.get $size)))
          (then (call $raise_flags (i32.const 8))))
        (return)))
    (local.set $first (f64.const 1))
    (local.set $second (f64.const 1))
    (if (i32.and (local.get $before) (i32.eq (local.get $b) (local.get $out)))
      (then (local.set $second (f64.const 0)) (local.set $b (i32.const 0))))  ;; written over: likely a pole
    (block $done
      (loop $next
        (br_if $done (i32.eqz (local.get $n)))
        (if (i32.eqz (local.get $before))
          (then (local.set $first (call $load (local.get $a) (local.get $size)))))
        (if (local.get $b)
          (then
            (local.set $second (call $load (local.get $b) (local.get $size)))
            (local.set $b (i32.add (local.get $b) (i32.load offset=4 (local.get $steps))))))
        (local.set $flags (i32.or (local.get $flags)
          (call $flags_of (local.get $kind) (local.get $first) (local.get $second)
            (call $load (local.get $out) (local.get $size)))))
        (local.set $a (i32.add (local.get $a) (i32.load (local.get $steps))))
        (local.set $out (i32.add (local.get $out) (local.get $out_step)))
        (local.set $n (i32.sub (local.get $n) (i32.const 1)))
        (br $next)))
    (call $raise_flags (local.get $flags)))

  ;; Scalars: computed once more with their flags in a word beside C's, so that NumPy tells of them itself.
  (func (export "npy_get_floatstatus_barrier") (param i32) (result i32)
    (local $kept i32)
    (local.set $kept (i32.load offset=256 (global.get $data)))
    (i32.store offset=256 (global.get $data) (i32.const 0))
    (i32.or (call $original1 (local.get 0)) (local.get $kept)))

  ;; NumPy's flags of a scalar result: 1 division by zero, 2 overflow, 8 invalid.
  (func $scalar_flags (param $kind i32) (param $a i32) (param $b i32) (param $out i32) (result i32)
    (local $type i32) (local $x f64) (local $first f64) (local $second f64)
    (if (i32.eqz (local.get $out)) (then (return (i32.const 0))))
    (local.set $type (i32.load offset=4 (local.get $out)))
    (if (i32.eq (local.get $type) (i32.load offset=8 (call $descr_of (i32.const 12))))
      (then (local.set $x (f64.load offset=8 (local.get $out))))
      (else
        (if (i32.ne (local.get $type) (i32.load offset=8 (call $descr_of (i32.const 11))))
          (then (return (i32.const 0))))
        (local.set $x (f64.promote_f32 (f32.load offset=8 (local.get $out))))))
    (if (call $finite (local.get $x)) (then (return (i32.const 0))))
    (local.set $first (call $as_double (local.get $a)))
    (local.set $second (call $as_double (local.get $b)))
    (if (call $occurred) (then (call $clear) (return (i32.const 0))))
    (local.set $kind (call $flags_of (local.get $kind) (local.get $first) (local.get $second) (local.get $x)))
    (i32.or (i32.shl (i32.and (local.get $kind) (i32.const 1)) (i32.const 3))
      (i32.shr_u (local.get $kind) (i32.const 2))))

  ;; LOOPS
)
