import { readFileSync } from 'node:fs'
import * as v from 'valibot'
import type { AwsConfig, Config, PayloadsConfig } from './config/config-type.ts'
import { crossChecks } from './config/cross-checks.ts'
import { readIdentity } from './config/identity.ts'
import { configInvalid, type Mistake, showPath } from './config/mistake.ts'
import { documentVariable, type Override, readOverrides } from './config/overrides.ts'
import { readPayloads } from './config/payloads.ts'
import { type ConfigDocument, documentSchema } from './config/schema.ts'
import { unknownKeys } from './config/schema-walk.ts'
import type { SubscriptionSpec } from './ports/index.ts'

export type Environment = Readonly<Record<string, string | undefined>>
type Loose = { [key: string]: unknown }

/** What fits an item of the table beside the rest of it, and what a blob may hold unless configured otherwise. */
const maxItemBodyBytes = 250 * 1024
const maxBlobBodyBytes = 32 * 1024 * 1024

/** The environment of this process: the one place that reads it. */
export function processEnvironment(): Environment {
  return process.env
}

/**
 * Reads the document that `FERMATA_CONFIG` names or holds, puts `FERMATA_…` variables over it, and fills in defaults.
 *
 * @example loadConfig({ FERMATA_CONFIG: '/etc/fermata.json', FERMATA_INGRESS_PORT: '8081', AWS_REGION: 'eu-west-1' })
 * @throws FermataError `config-invalid` with every mistake, each with its path
 */
export function loadConfig(env: Environment): Config {
  const { document, mistakes: unreadable } = readDocument(env[documentVariable]?.trim())
  const { overrides, mistakes: misnamed } = readOverrides(documentSchema, env, (path) =>
    Object.keys(path.reduce<Loose>((at, key) => asObject(at[key]), document)),
  )
  for (const override of overrides) apply(document, override)
  const parsed = v.safeParse(documentSchema, document)
  const { identity, mistakes: unidentified } = readIdentity(document['identity'])
  const aws = awsConfig(env)
  const { payloads, mistakes: misplaced } = readPayloads(
    parsed.success ? parsed.output.payloads : { limitBytes: 0 },
    env,
    aws,
  )
  const mistakes = [
    ...unreadable,
    ...misnamed,
    ...unknownKeys(documentSchema, document),
    ...(parsed.issues ?? []).map(toMistake),
    ...unidentified,
    ...misplaced,
    ...crossChecks(document),
    ...regionMistakes(env, document),
  ]
  if (mistakes.length > 0 || !parsed.success) throw configInvalid(withSources(mistakes, overrides))
  return { ...resolve(parsed.output, aws, payloads), identity }
}

function readDocument(text: string | undefined): { document: Loose; mistakes: Mistake[] } {
  if (!text) return { document: {}, mistakes: [] }
  try {
    const document: unknown = JSON.parse(text.startsWith('{') ? text : readFileSync(text, 'utf8'))
    if (typeof document === 'object' && document !== null && !Array.isArray(document)) {
      return { document: document as Loose, mistakes: [] }
    }
    return unreadable('expected a JSON object')
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    if (error instanceof SyntaxError) return unreadable(`is not JSON: ${withoutQuote(reason)}`)
    return unreadable(`expected JSON, or the path of a file that can be read: ${reason}`)
  }
}

function unreadable(message: string): { document: Loose; mistakes: Mistake[] } {
  return { document: {}, mistakes: [{ path: documentVariable, message }] }
}

/** The parser quotes what surrounds the mistake, which may be a password. */
const withoutQuote = (reason: string): string => reason.replace(/, (\.\.\.)?".*$/s, '')

function asObject(input: unknown): Loose {
  return typeof input === 'object' && input !== null ? { ...input } : {}
}

/** Sets the value in the document. A section that is no object stays, for its own mistake to be reported. */
function apply(document: Loose, { path, value }: Override): void {
  let section = document
  for (const key of path.slice(0, -1)) {
    section[key] ??= {}
    const next = section[key]
    if (typeof next !== 'object' || next === null) return
    section = next as Loose
  }
  section[path.at(-1) ?? ''] = value
}

function toMistake(issue: v.BaseIssue<unknown>): Mistake {
  const path = (issue.path ?? []).map(({ key }) => (typeof key === 'number' ? key : String(key)))
  const missing = issue.received === 'undefined' && !issue.message.startsWith('expected')
  return {
    path: path.length === 0 ? documentVariable : showPath(path),
    message: missing ? 'is missing' : lowerFirst(issue.message),
  }
}

const lowerFirst = (text: string): string => text.charAt(0).toLowerCase() + text.slice(1)

/** Names the variable that a wrong value came from. */
function withSources(mistakes: readonly Mistake[], overrides: readonly Override[]): Mistake[] {
  const variables = new Map(overrides.map(({ path, variable }) => [showPath(path), variable]))
  return mistakes.map(({ path, message }) => {
    const variable = variables.get(path)
    return { path: variable === undefined ? path : `${path} (${variable})`, message }
  })
}

function regionMistakes(env: Environment, document: Loose): Mistake[] {
  if (regionOf(env) !== undefined || document['store'] === 'memory') return []
  return [{ path: 'AWS_REGION', message: 'is missing; DynamoDB and Lambda are looked for there' }]
}

const regionOf = (env: Environment): string | undefined =>
  env['AWS_REGION'] || env['AWS_DEFAULT_REGION'] || undefined

/** What the AWS clients will do by themselves, for those who must be told: handlers open the same table. */
function awsConfig(env: Environment): AwsConfig {
  const all = env['AWS_ENDPOINT_URL'] || undefined
  return {
    region: regionOf(env) ?? 'us-east-1',
    dynamodbEndpoint: env['AWS_ENDPOINT_URL_DYNAMODB'] || all,
    lambdaEndpoint: env['AWS_ENDPOINT_URL_LAMBDA'] || all,
  }
}

function resolve(
  document: ConfigDocument,
  aws: AwsConfig,
  payloads: PayloadsConfig,
): Omit<Config, 'identity'> {
  const {
    retry,
    attempt,
    retention,
    kafka,
    deployments,
    subscriptions,
    ingress,
    metrics,
    ...asWritten
  } = document
  const { initialDelay, maxDelay, maxDuration, ...policy } = retry
  return {
    ...asWritten,
    aws,
    payloads,
    ingress: {
      ...ingress,
      maxBodyBytes: ingress.maxBodyBytes ?? (payloads.blobs ? maxBlobBodyBytes : maxItemBodyBytes),
    },
    kafka: Object.fromEntries(
      Object.entries(kafka).map(([name, cluster]) => [name, { sasl: undefined, ...cluster }]),
    ),
    deployments: deployments.flatMap(({ arn, url }) => {
      const address = arn ?? url
      return address === undefined ? [] : [{ address }]
    }),
    subscriptions: subscriptions.map(toSubscription),
    retry: {
      ...policy,
      initialDelayMs: initialDelay,
      maxDelayMs: maxDelay,
      maxDurationMs: maxDuration ?? Number.POSITIVE_INFINITY,
    },
    attempt: {
      timeoutMs: attempt.timeout,
      aliveAfterMs: attempt.aliveAfterMs,
      coldStartMarginMs: attempt.coldStartMarginMs,
    },
    retentionMs: retention,
    metrics: { emf: metrics.emf, everyMs: metrics.every },
  }
}

function toSubscription({
  name,
  source,
  sink,
  startFrom,
  limits,
}: ConfigDocument['subscriptions'][number]): SubscriptionSpec {
  const options = {
    ...(startFrom !== undefined && { startFrom }),
    ...(limits !== undefined && { limits }),
  }
  return { name, source, sink, options }
}
