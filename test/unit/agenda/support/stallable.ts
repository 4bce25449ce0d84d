/** A call that is held back: before it reaches the store, or its answer on the way back. */
export type Stalled = {
  readonly method: string
  readonly args: readonly unknown[]
  /** Lets it go on. */
  release(): void
  /** Its caller gets an error. What was held back before it reached the store never does. */
  fail(): void
}

type Place = 'request' | 'answer'
type Rule = {
  readonly method: string
  readonly place: Place
  readonly matches: (args: readonly unknown[]) => boolean
  readonly calls: Stalled[]
}

/** A port whose calls a test can hold back or make fail. */
export type Stallable<Port> = {
  readonly port: Port
  /** From now on, until `open`, holds these calls back. The answer fills with the calls that were. */
  stall(
    method: keyof Port & string,
    place: Place,
    matches?: (args: readonly unknown[]) => boolean,
  ): readonly Stalled[]
  /** Holds no further calls back. Those that were, stay. */
  open(): void
  /** Whether calls fail before they reach the store. */
  failing: (method: string) => boolean
}

export function stallable<Port extends object>(inner: Port): Stallable<Port> {
  const rules: Rule[] = []
  const gate = async (method: string, place: Place, args: readonly unknown[]) => {
    const rule = rules.find(
      (each) => each.method === method && each.place === place && each.matches(args),
    )
    if (rule === undefined) return
    await new Promise<void>((resolve, reject) => {
      rule.calls.push({
        method,
        args,
        release: resolve,
        fail: () => reject(new Error('broken off')),
      })
    })
  }
  const stall: Stallable<Port> = {
    failing: () => false,
    open: () => void rules.splice(0),
    stall(method, place, matches = () => true) {
      const calls: Stalled[] = []
      rules.push({ method, place, matches, calls })
      return calls
    },
    port: new Proxy(inner, {
      get: (target, name) => {
        const member: unknown = Reflect.get(target, name)
        if (typeof member !== 'function') return member
        return async (...args: unknown[]) => {
          if (stall.failing(String(name))) throw new Error('The store fails')
          await gate(String(name), 'request', args)
          const answer: unknown = await Reflect.apply(member, target, args)
          await gate(String(name), 'answer', args)
          return answer
        }
      },
    }),
  }
  return stall
}
