import type { Failure } from '@fermata/lambda-runtime/protocol'
import * as v from 'valibot'
import { titleOf } from '../../domain/errors.ts'
import { invalidReply } from '../../domain/reply-to.ts'
import type { InvokeOutcome } from '../../ports/index.ts'
import type { HttpAnswer } from './send-once.ts'

/** How a call ends that brings no reply. */
export type CallFailure = Exclude<InvokeOutcome, { readonly kind: 'replied' }>

/** What `serve()` refuses with, or says of an attempt that ended without a reply. */
const problemSchema = v.object({
  code: v.string(),
  detail: v.string(),
  name: v.exactOptional(v.string()),
  stack: v.exactOptional(v.string()),
})

/** Proxies answer thus when they have lost patience, or their server: it may be at work. */
const ambiguous: ReadonlySet<number> = new Set([408, 499, 502, 504, 520, 521, 522, 523, 524])

/**
 * What an answer other than 200, or none, means. The question is always whether the handler may have started: only
 * then is it `lost`, and its journal must be watched before anyone tries again.
 */
export function outcomeOf(answer: HttpAnswer, now: number): CallFailure {
  switch (answer.kind) {
    case 'broken':
      return answer.sent ? lost(describe(answer.error)) : rejected(connectFailure(answer.error))
    case 'too-long':
      return invalidReply('It answered with more than a reply can be')
    case 'answered':
      return ofStatus(answer, now)
    default:
      throw answer satisfies never
  }
}

type Answered = Extract<HttpAnswer, { kind: 'answered' }>

function ofStatus(answer: Answered, now: number): CallFailure {
  const { status, headers } = answer
  if (status === 413) return { kind: 'too-large' }
  if (status === 429 || status === 503) {
    return { kind: 'throttled', retryAfterMs: retryAfterMs(headers['retry-after'], now) }
  }
  const problem = v.safeParse(problemSchema, parseJson(answer.body))
  // A code that we know comes from a server of ours, and so it is sure what happened.
  if (problem.success && titleOf(problem.output.code) !== undefined) {
    const { detail: message, ...rest } = problem.output
    const failure = { ...rest, message }
    return status >= 500 ? { kind: 'failed', failure } : rejected(failure)
  }
  const said = `It answered ${status}: ${excerpt(answer.body)}`
  if (ambiguous.has(status)) return lost(said)
  if (status >= 500) return { kind: 'failed', failure: { code: 'function-failed', message: said } }
  return rejected({ code: 'deployment-unreachable', message: said })
}

function retryAfterMs(header: string | string[] | undefined, now: number): number | undefined {
  if (typeof header !== 'string') return undefined
  const seconds = Number(header)
  if (Number.isFinite(seconds)) return seconds >= 0 ? seconds * 1_000 : undefined
  const until = Date.parse(header)
  return Number.isNaN(until) ? undefined : Math.max(0, until - now)
}

function rejected(failure: Failure): CallFailure {
  return { kind: 'rejected', failure }
}

function lost(why: string): CallFailure {
  const message = `Nobody knows whether the handler ran: ${why}`
  return { kind: 'lost', failure: { code: 'invoke-lost', message } }
}

const advice: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'Nothing listens there',
  ENOTFOUND: 'Its host has no address: check the URL and DNS',
}

function connectFailure(error: Error): Failure {
  const hint = advice[codeOf(error) ?? '']
  const message = hint === undefined ? describe(error) : `${describe(error)}. ${hint}`
  return { code: 'deployment-unreachable', message }
}

function describe(error: Error): string {
  const code = codeOf(error)
  const text = error.message === '' ? error.name : error.message
  return code === undefined || text.includes(code) ? text : `${code}: ${text}`
}

function codeOf(error: Error): string | undefined {
  return 'code' in error && typeof error.code === 'string' ? error.code : undefined
}

/** JSON, or `undefined` where it is none. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/** Enough of an answer to recognise it by. */
export function excerpt(text: string): string {
  if (text === '') return '(nothing)'
  return text.length > 200 ? `${text.slice(0, 200)}…` : text
}
