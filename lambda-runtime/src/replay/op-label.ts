import type { AwakeableId, InvocationId, PromiseRef, Target } from '../protocol/index.ts'
import type { OpRecord } from './journal-view.ts'

/** What makes an op the same op on replay: its kind, and its name or target. Its input may differ. */
export type OpLabel =
  | { readonly kind: 'run'; readonly name: string }
  | { readonly kind: 'sleep' | 'awakeable' }
  | { readonly kind: 'call' | 'send'; readonly target: Target }
  | { readonly kind: 'awakeable-complete'; readonly awakeable: AwakeableId | string }
  | {
      readonly kind: 'state-get' | 'state-set' | 'state-clear' | 'signal-wait'
      readonly name: string
    }
  | { readonly kind: 'state-keys' | 'state-clear-all' }
  | { readonly kind: 'signal-send'; readonly invocation: InvocationId; readonly name: string }
  | { readonly kind: 'cancel-invocation' | 'attach'; readonly invocation: InvocationId }
  | {
      readonly kind: 'promise-get' | 'promise-peek' | 'promise-complete'
      readonly promise: PromiseRef
    }

/** The label as text, in messages and to compare: two ops are the same if their texts are. */
export function describeOp(op: OpLabel | OpRecord): string {
  switch (op.kind) {
    case 'run':
    case 'state-get':
    case 'state-set':
    case 'state-clear':
    case 'signal-wait':
      return `${op.kind} ${JSON.stringify(op.name)}`
    case 'sleep':
    case 'awakeable':
    case 'state-keys':
    case 'state-clear-all':
      return op.kind
    case 'signal-send':
      return `${op.kind} ${JSON.stringify(op.name)} to ${op.invocation}`
    case 'cancel-invocation':
    case 'attach':
      return `${op.kind} ${op.invocation}`
    case 'promise-get':
    case 'promise-peek':
    case 'promise-complete':
      return `${op.kind} ${describePromise(op.promise)}`
    case 'call':
    case 'send':
      return `${op.kind} ${describeTarget(op.target)}`
    case 'awakeable-complete':
      return `${op.kind} ${op.awakeable}`
    default:
      return op satisfies never
  }
}

function describeTarget({ service, key, handler }: Target): string {
  return key === undefined
    ? `${service}/${handler}`
    : `${service}[${JSON.stringify(key)}]/${handler}`
}

function describePromise({ workflow, key, name }: PromiseRef): string {
  return `${JSON.stringify(name)} of ${workflow}[${JSON.stringify(key)}]`
}
