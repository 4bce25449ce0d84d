import type { Json, Outcome, Value } from '@fermata/lambda-runtime/protocol'
import { voidValue } from '@fermata/lambda-runtime/protocol'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { FermataError } from '../../domain/errors.ts'
import { type Problem, problemOfFailure, problemType } from './problem.ts'

/** Values that JSON cannot carry (dates, maps, bytes, …), as devalue text. */
export const richType = 'application/vnd.fermata.rich+json'

/** The body as a handler's input: nothing is `void`, all else must be JSON. @throws FermataError `bad-request` */
export function readValue(request: FastifyRequest): Value {
  const text = readText(request)
  if (text.trim() === '') return voidValue
  const json = parse(text)
  return isRich(request) ? { rich: text } : { json }
}

/** @throws FermataError `bad-request` */
export function readJson(request: FastifyRequest): Json | undefined {
  const text = readText(request)
  return text.trim() === '' ? undefined : parse(text)
}

function isRich({ headers }: FastifyRequest): boolean {
  return headers['content-type']?.split(';')[0]?.trim().toLowerCase() === richType
}

function readText({ body, headers }: FastifyRequest): string {
  const encoding = headers['content-encoding'] ?? 'identity'
  if (encoding !== 'identity') {
    throw new FermataError('bad-request', `Send the body as it is, without encoding (${encoding})`)
  }
  try {
    return Buffer.isBuffer(body) ? utf8.decode(body) : ''
  } catch {
    throw new FermataError('bad-request', 'The body is not UTF-8')
  }
}

const utf8 = new TextDecoder('utf-8', { fatal: true })

function parse(text: string): Json {
  try {
    return JSON.parse(text)
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : ''
    throw new FermataError('bad-request', `The body is not JSON: ${reason}`, { cause })
  }
}

/** Answers how an invocation ended. */
export function sendOutcome(reply: FastifyReply, outcome: Outcome): FastifyReply {
  switch (outcome.kind) {
    case 'value':
      return sendValue(reply, outcome.value)
    case 'failure':
      return sendProblem(reply, problemOfFailure(outcome.failure))
    default:
      throw outcome satisfies never
  }
}

function sendValue(reply: FastifyReply, value: Value): FastifyReply {
  if ('void' in value) return reply.code(204).send()
  if ('rich' in value) return reply.code(200).type(richType).send(value.rich)
  if ('json' in value) return sendJson(reply, 200, value.json)
  // Whoever holds the codec and the blobs opens it before.
  throw new FermataError('internal', 'A value was to be sent that nobody has opened')
}

/** Serialised here: a value that is a text must be sent as JSON, not as it is. */
export function sendJson(reply: FastifyReply, status: number, body: unknown): FastifyReply {
  return reply.code(status).type('application/json').send(JSON.stringify(body))
}

const worthAnotherTry: ReadonlySet<number> = new Set([429, 503])

export function sendProblem(reply: FastifyReply, problem: Problem): FastifyReply {
  if (worthAnotherTry.has(problem.status)) reply.header('retry-after', '1')
  return reply.code(problem.status).type(problemType).send(JSON.stringify(problem))
}
