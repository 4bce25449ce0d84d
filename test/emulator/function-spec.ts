import { existsSync } from 'node:fs'
import { resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { defaultMemoryMb, defaultTimeoutMs } from './limits.ts'

export const region = 'eu-west-1'
const account = '000000000000'

/** How handlers are run. */
export type Isolation =
  /** In worker processes, as Lambda does: they can time out, exit, be killed and be frozen. */
  | 'process'
  /** In the emulator's own process, for throughput: none of that. */
  | 'inline'

/** One version of a function, as one deploys it. */
export interface FunctionSpec {
  readonly name: string
  /** By default the next number. */
  readonly version?: string | undefined
  /** The module: TypeScript or JavaScript, a path or a `file:` URL. */
  readonly entry: string | URL
  /** The name that the module exports the handler under; `handler` by default. */
  readonly export?: string | undefined
  /** 3,000 by default, as in Lambda. */
  readonly timeoutMs?: number | undefined
  readonly memoryMb?: number | undefined
  /** Reserved concurrency of the function, all its versions together; unlimited by default. */
  readonly concurrency?: number | undefined
  /** Beside `AWS_REGION`, fake credentials and what else Lambda sets. */
  readonly environment?: Readonly<Record<string, string>> | undefined
  /** By default the emulator's. */
  readonly isolation?: Isolation | undefined
  /** What a cold start takes at least; by default the emulator's. */
  readonly coldStartMs?: number | undefined
  /**
   * How many requests one process serves at a time. Lambda's answer, and the default, is 1; a
   * higher number lets a small machine hold many slow handlers. They then share their fate.
   */
  readonly concurrentPerProcess?: number | undefined
}

export interface FunctionDefaults {
  readonly isolation: Isolation
  readonly coldStartMs: number
  readonly concurrentPerProcess: number
  readonly environment: Readonly<Record<string, string>>
}

/** A spec with everything decided. */
export interface ResolvedFunction {
  readonly name: string
  readonly version: string
  readonly arn: string
  readonly entry: string
  readonly exportName: string
  readonly timeoutMs: number
  readonly memoryMb: number
  readonly environment: Readonly<Record<string, string>>
  readonly isolation: Isolation
  readonly coldStartMs: number
  readonly concurrentPerProcess: number
}

export function resolveFunction(
  spec: FunctionSpec,
  version: string,
  defaults: FunctionDefaults,
): ResolvedFunction {
  const entry = resolveEntry(spec.entry)
  if (!existsSync(entry)) throw new Error(`function ${spec.name}: there is no file ${entry}`)
  return {
    name: spec.name,
    version,
    arn: qualifiedArn(spec.name, version),
    entry,
    exportName: spec.export ?? 'handler',
    timeoutMs: spec.timeoutMs ?? defaultTimeoutMs,
    memoryMb: spec.memoryMb ?? defaultMemoryMb,
    environment: { ...defaults.environment, ...spec.environment },
    isolation: spec.isolation ?? defaults.isolation,
    coldStartMs: spec.coldStartMs ?? defaults.coldStartMs,
    concurrentPerProcess: spec.concurrentPerProcess ?? defaults.concurrentPerProcess,
  }
}

export function functionArn(name: string): string {
  return `arn:aws:lambda:${region}:${account}:function:${name}`
}

export function qualifiedArn(name: string, qualifier: string): string {
  return `${functionArn(name)}:${qualifier}`
}

function resolveEntry(entry: string | URL): string {
  const isUrl = entry instanceof URL || entry.startsWith('file:')
  return isUrl ? fileURLToPath(entry) : resolve(entry)
}
