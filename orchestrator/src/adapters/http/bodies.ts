import { bytesOf } from '@fermata/lambda-runtime/payload'
import type { Json, Outcome, Value } from '@fermata/lambda-runtime/protocol'
import { voidValue } from '@fermata/lambda-runtime/protocol'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { FermataError } from '../../domain/errors.ts'
import { depthOf, maxDepth } from '../../domain/json-depth.ts'
import { rawInput } from '../../domain/raw-input.ts'
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

/**
 * The body as the input of a handler that `accepts` bodies of another media type: those it gets as they are, as text
 * or bytes. @throws FermataError `bad-request`
 */
export function readInput(request: FastifyRequest, accepts: string | undefined): Value {
  const type = mediaTypeOf(request)
  if (accepts === undefined || (type !== undefined && type !== accepts)) return readValue(request)
  checkEncoding(request)
  return rawInput(Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0), accepts)
}

/** @throws FermataError `bad-request` */
export function readJson(request: FastifyRequest): Json | undefined {
  const text = readText(request)
  return text.trim() === '' ? undefined : parse(text)
}

function isRich(request: FastifyRequest): boolean {
  return mediaTypeOf(request) === richType
}

function mediaTypeOf({ headers }: FastifyRequest): string | undefined {
  return headers['content-type']?.split(';')[0]?.trim().toLowerCase()
}

function readText(request: FastifyRequest): string {
  checkEncoding(request)
  const text = Buffer.isBuffer(request.body) ? decodeText(request.body) : ''
  if (text !== undefined) return text
  throw new FermataError('bad-request', 'The body is not UTF-8')
}

function checkEncoding({ headers }: FastifyRequest): void {
  const encoding = headers['content-encoding'] ?? 'identity'
  if (encoding === 'identity') return
  throw new FermataError('bad-request', `Send the body as it is, without encoding (${encoding})`)
}

function decodeText(bytes: Uint8Array): string | undefined {
  try {
    return utf8.decode(bytes)
  } catch {
    return undefined
  }
}

const utf8 = new TextDecoder('utf-8', { fatal: true })

function parse(text: string): Json {
  if (depthOf(text) > maxDepth) {
    throw new FermataError('bad-request', `The body is nested deeper than ${maxDepth}`)
  }
  try {
    return JSON.parse(text)
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : ''
    throw new FermataError('bad-request', `The body is not JSON: ${reason}`, { cause })
  }
}

/** Tells an invocation's failure from a request that went wrong: its value is `failure` or `value`. */
const outcomeHeader = 'x-fermata-outcome'

/** Answers how an invocation ended. `answers` is the media type of its handler's output where that is not JSON. */
export function sendOutcome(
  reply: FastifyReply,
  outcome: Outcome,
  answers?: string | undefined,
): FastifyReply {
  reply.header(outcomeHeader, outcome.kind)
  switch (outcome.kind) {
    case 'value': {
      const bytes = answers === undefined ? undefined : bytesOf(outcome.value)
      if (bytes === undefined || answers === undefined) return sendValue(reply, outcome.value)
      return reply.code(200).type(answers).send(Buffer.from(bytes))
    }
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
