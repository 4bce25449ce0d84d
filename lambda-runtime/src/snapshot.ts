import { ValueError } from './errors.ts'

const maxDepth = 500
const identifier = /^[A-Za-z_$][\w$]*$/
const bytesTag = /^\[object (?:(?:Big)?(?:Int|Uint|Float)\d+(?:Clamped)?Array)\]$/

export interface Snapshot {
  /** Shares nothing with the original. */
  readonly copy: unknown
  /** Whether JSON carries it exactly. */
  readonly plain: boolean
}

/** Copies a value that can be stored. @throws ValueError `value-unstorable` with the path to what cannot */
export function snapshotOf(value: unknown): Snapshot {
  const copier = new Copier()
  const copy = copier.copyAll(value)
  return { copy, plain: copier.plain }
}

class Copier {
  plain = true
  /** Where the walk is. It is not unwound when something throws, so it then tells where. */
  readonly #path: string[] = []
  readonly #ancestors = new Set<object>()

  copyAll(value: unknown): unknown {
    try {
      return this.#copy(value)
    } catch (error) {
      if (error instanceof ValueError) throw error
      throw this.#refuse('cannot be read', error)
    }
  }

  #copy(value: unknown): unknown {
    switch (typeof value) {
      case 'string':
      case 'boolean':
        return value
      case 'number':
        if (!Number.isFinite(value) || Object.is(value, -0)) this.plain = false
        return value
      case 'bigint':
      case 'undefined':
        this.plain = false
        return value
      case 'object':
        return value === null ? null : this.#copyObject(value)
      default:
        throw this.#refuse(`is a ${typeof value}`)
    }
  }

  #copyObject(object: object): unknown {
    if (this.#ancestors.has(object)) throw this.#refuse('contains itself')
    if (this.#ancestors.size === maxDepth) throw this.#refuse('is nested too deeply')
    const prototype: object | null = Object.getPrototypeOf(object)
    if (isRoot(prototype)) return this.#within(object, () => this.#copyMembers(object, {}))
    if (prototype !== null) return this.#copyBuiltIn(object, prototype)
    this.plain = false
    return this.#within(object, () => this.#copyMembers(object, Object.create(null)))
  }

  #copyBuiltIn(object: object, prototype: object): unknown {
    if (Array.isArray(object) && isArrayPrototype(prototype)) {
      return this.#within(object, () => this.#copyArray(object))
    }
    this.plain = false
    if (isBytes(object)) return copyOfBytes(object)
    switch (prototype) {
      case Date.prototype:
        return new Date((object as Date).getTime())
      case Map.prototype:
        return this.#within(object, () => this.#copyMap(object as Map<unknown, unknown>))
      case Set.prototype:
        return this.#within(object, () => this.#copySet(object as Set<unknown>))
      case RegExp.prototype:
        return new RegExp(object as RegExp)
      case URL.prototype:
        return new URL(object as URL)
      case URLSearchParams.prototype:
        return new URLSearchParams(object as URLSearchParams)
      case ArrayBuffer.prototype:
        return (object as ArrayBuffer).slice(0)
      default:
        throw this.#refuse(describeInstance(prototype))
    }
  }

  #copyMembers(object: object, copy: object): object {
    this.#refuseSymbols(object)
    for (const key of Object.keys(object)) {
      const value = this.#at(member(key), () => this.#copy(Reflect.get(object, key)))
      // Not an assignment: that would call the setter of `__proto__`.
      Object.defineProperty(copy, key, {
        value,
        configurable: true,
        enumerable: true,
        writable: true,
      })
    }
    return copy
  }

  #copyArray(array: readonly unknown[]): unknown[] {
    this.#refuseSymbols(array)
    const keys = Object.keys(array)
    const copy: unknown[] = []
    copy.length = array.length
    if (keys.length < array.length) this.plain = false
    for (const key of keys) {
      const index = Number(key)
      if (!(String(index) === key && index < array.length)) {
        this.#path.push(member(key))
        throw this.#refuse('is a member of an array that is no element')
      }
      copy[index] = this.#at(`[${key}]`, () => this.#copy(array[index]))
    }
    return copy
  }

  #copyMap(map: ReadonlyMap<unknown, unknown>): Map<unknown, unknown> {
    const copy = new Map<unknown, unknown>()
    for (const [key, value] of map) {
      const copiedKey = this.#at(`.keys()[${copy.size}]`, () => this.#copy(key))
      copy.set(
        copiedKey,
        this.#at(`.get(${showKey(key)})`, () => this.#copy(value)),
      )
    }
    return copy
  }

  #copySet(set: ReadonlySet<unknown>): Set<unknown> {
    const copy = new Set<unknown>()
    for (const value of set) copy.add(this.#at(`.values()[${copy.size}]`, () => this.#copy(value)))
    return copy
  }

  #refuseSymbols(object: object): void {
    const [symbol] = Object.getOwnPropertySymbols(object)
    if (symbol === undefined) return
    this.#path.push(`[${String(symbol)}]`)
    throw this.#refuse('is kept under a symbol')
  }

  #within<T>(object: object, copy: () => T): T {
    this.#ancestors.add(object)
    const copied = copy()
    this.#ancestors.delete(object)
    return copied
  }

  #at<T>(step: string, copy: () => T): T {
    this.#path.push(step)
    const copied = copy()
    this.#path.pop()
    return copied
  }

  #refuse(problem: string, cause?: unknown): ValueError {
    const path = `$${this.#path.join('')}`
    const options = cause === undefined ? undefined : { cause }
    return new ValueError('value-unstorable', path, `${problem}: it cannot be stored`, options)
  }
}

/** `Object.prototype`, that of another realm too: of prototypes without one, the only one with this method. */
function isRoot(prototype: object | null): boolean {
  return (
    prototype !== null &&
    Object.getPrototypeOf(prototype) === null &&
    Object.hasOwn(prototype, 'isPrototypeOf')
  )
}

function isArrayPrototype(prototype: object): boolean {
  return Array.isArray(prototype) && isRoot(Object.getPrototypeOf(prototype))
}

type TypedArray = Uint8Array | Float64Array

/** Node's `Buffer` is stored, and comes back, as a `Uint8Array`. */
function copyOfBytes(bytes: TypedArray): TypedArray {
  return bytes instanceof Uint8Array ? new Uint8Array(bytes) : bytes.slice()
}

function isBytes(object: object): object is TypedArray {
  return ArrayBuffer.isView(object) && bytesTag.test(Object.prototype.toString.call(object))
}

function describeInstance(prototype: object): string {
  const maker: unknown = Reflect.get(prototype, 'constructor')
  const name = typeof maker === 'function' && maker.name !== '' ? maker.name : 'a class'
  return `is an instance of ${name}, not a plain object`
}

function member(key: string): string {
  return identifier.test(key) ? `.${key}` : `[${JSON.stringify(key)}]`
}

function showKey(key: unknown): string {
  if (typeof key === 'string') return JSON.stringify(key)
  return typeof key === 'object' && key !== null ? '…' : String(key)
}
