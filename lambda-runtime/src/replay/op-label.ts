import type { AwakeableId, Target } from '../protocol/index.ts'
import type { OpRecord } from './journal-view.ts'

/** What makes an op the same op on replay: its kind, and its name or target. Its input may differ. */
export type OpLabel =
  | { readonly kind: 'run'; readonly name: string }
  | { readonly kind: 'sleep' | 'awakeable' }
  | { readonly kind: 'call' | 'send'; readonly target: Target }
  | { readonly kind: 'awakeable-complete'; readonly awakeable: AwakeableId | string }

/** The label as text, in messages and to compare: two ops are the same if their texts are. */
export function describeOp(op: OpLabel | OpRecord): string {
  switch (op.kind) {
    case 'run':
      return `run ${JSON.stringify(op.name)}`
    case 'sleep':
    case 'awakeable':
      return op.kind
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
