import {
  childInvocationId,
  decodeSegment,
  type Entry,
  type InvocationId,
  type Segment,
  serviceOf,
} from '@fermata/lambda-runtime/protocol'
import * as v from 'valibot'
import type { Cluster } from './cluster.ts'

/** What one invocation's journal says of its life. */
export interface InvocationFacts {
  readonly id: InvocationId
  readonly service: string
  readonly end: End
  readonly attempts: number
  readonly suspensions: number
  /** Attempts that followed a suspension. */
  readonly resumes: number
  /** Attempts that followed one which neither ended nor failed: its orchestrator was gone. */
  readonly takeovers: readonly Takeover[]
  /** Attempts that failed as a whole: their function died, for instance. */
  readonly failedAttempts: number
  readonly children: readonly InvocationId[]
}

export type End =
  | { readonly kind: 'completed'; readonly value: unknown }
  | { readonly kind: 'failed'; readonly message: string }
  | { readonly kind: 'open'; readonly phase: Phase }

export interface Takeover {
  /** Epoch ms. */
  readonly at: number
}

type Phase = 'absent' | 'created' | 'running' | 'suspended' | 'backing off' | 'paused'

const answerSchema = v.object({ segments: v.array(v.unknown()) })

/** Reads the invocation and all that it called or sent, and what those did. */
export async function readTree(cluster: Cluster, root: InvocationId): Promise<InvocationFacts[]> {
  const facts = factsOf(root, await readJournal(cluster, root))
  const below = await Promise.all(facts.children.map((child) => readTree(cluster, child)))
  return [facts, ...below.flat()]
}

async function readJournal(cluster: Cluster, id: InvocationId): Promise<readonly Segment[]> {
  const { status, body } = await cluster.admin('GET', `/invocations/${id}/journal`)
  if (status !== 200) return []
  return v.parse(answerSchema, JSON.parse(body)).segments.map(decodeSegment)
}

/** Counts what happened, entry by entry. */
export function factsOf(id: InvocationId, segments: readonly Segment[]): InvocationFacts {
  const life = new Life(id)
  for (const { at, entries } of segments) {
    for (const entry of entries) life.take(entry, at)
  }
  return life.facts
}

class Life {
  readonly #id: InvocationId
  readonly #takeovers: Takeover[] = []
  readonly #children: InvocationId[] = []
  #phase: Phase = 'absent'
  #end: End | undefined
  #attempts = 0
  #suspensions = 0
  #resumes = 0
  #failedAttempts = 0

  constructor(id: InvocationId) {
    this.#id = id
  }

  get facts(): InvocationFacts {
    return {
      id: this.#id,
      service: serviceOf(this.#id),
      end: this.#end ?? { kind: 'open', phase: this.#phase },
      attempts: this.#attempts,
      suspensions: this.#suspensions,
      resumes: this.#resumes,
      takeovers: this.#takeovers,
      failedAttempts: this.#failedAttempts,
      children: this.#children,
    }
  }

  take(entry: Entry, at: number): void {
    switch (entry.kind) {
      case 'created':
        this.#phase = 'created'
        break
      case 'attempt':
        this.#begin(at)
        break
      case 'call':
      case 'send':
        this.#children.push(childInvocationId(entry.target.service, this.#id, entry.op))
        break
      case 'suspended':
        this.#suspensions += 1
        this.#phase = 'suspended'
        break
      case 'attempt-failed':
        this.#failedAttempts += 1
        this.#phase = 'backing off'
        break
      case 'paused':
        this.#phase = 'paused'
        break
      case 'output':
        this.#end = endOf(entry)
        break
      default:
    }
  }

  #begin(at: number): void {
    this.#attempts += 1
    if (this.#phase === 'suspended') this.#resumes += 1
    if (this.#phase === 'running') this.#takeovers.push({ at })
    this.#phase = 'running'
  }
}

function endOf({ result }: Extract<Entry, { kind: 'output' }>): End {
  if (result.kind === 'failure') return { kind: 'failed', message: result.failure.message }
  return { kind: 'completed', value: 'json' in result.value ? result.value.json : undefined }
}
