import { TerminalError, UsageError } from '../errors.ts'
import {
  type InvocationId,
  isName,
  maxNameBytes,
  type Outcome,
  type PromiseRef,
  parseInvocationId,
} from '../protocol/index.ts'
import type { Invocation, PromiseHandle } from '../types/durable-promise.ts'
import type { Issuer } from './issuer.ts'
import { storable } from './storable.ts'

/** `ctx.invocation(id)`. @throws TerminalError `bad-invocation-id` */
export function invocationOf(issuer: Issuer, id: unknown): Invocation<unknown> {
  try {
    return invocationHandle(issuer, parseInvocationId(String(id)))
  } catch (cause) {
    throw new TerminalError(`${JSON.stringify(id)} is not an invocation's id`, {
      code: 'bad-invocation-id',
      cause,
    })
  }
}

/** What can be done with another invocation. */
export function invocationHandle(issuer: Issuer, id: InvocationId): Invocation<unknown> {
  return Object.freeze({
    invocationId: id,
    attach: () => issuer.attach(id),
    cancel: () => issuer.cancelInvocation(id),
    signal: (name: unknown, value?: unknown) =>
      issuer.sendSignal(id, nameOf('A signal', name), storable(value)),
  })
}

/** `ctx.promise(name)`. */
export function promiseHandle(issuer: Issuer, promise: PromiseRef): PromiseHandle<unknown> {
  const complete = (result: Outcome) => issuer.promise('promise-complete', promise, result)
  return Object.freeze({
    get: () => issuer.promise('promise-get', promise),
    peek: () => issuer.promise('promise-peek', promise),
    resolve: (value: unknown) => complete({ kind: 'value', value: storable(value) }),
    reject: (why: unknown) => complete(rejection('promise-rejected', why)),
  }) as PromiseHandle<unknown>
}

export function rejection(code: string, why: unknown): Outcome {
  return { kind: 'failure', failure: { code, message: String(why), name: 'TerminalError' } }
}

/** A name as text, or as `promiseName` makes it. @throws UsageError `option-invalid` */
export function nameOf(what: string, name: unknown): string {
  const text = typeof name === 'object' && name !== null && 'name' in name ? name.name : name
  if (isName(text)) return text
  throw new UsageError('option-invalid', `${what} needs a name of 1 to ${maxNameBytes} bytes`)
}
