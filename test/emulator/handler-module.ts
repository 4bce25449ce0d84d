import { pathToFileURL } from 'node:url'
import { describeThrown, type FunctionErrorBody } from './function-error.ts'

/** The part of Lambda's `context` that handlers use. */
export interface HandlerContext {
  readonly awsRequestId: string
  readonly functionName: string
  readonly functionVersion: string
  readonly invokedFunctionArn: string
  readonly memoryLimitInMB: string
  readonly logGroupName: string
  readonly logStreamName: string
  callbackWaitsForEmptyEventLoop: boolean
  getRemainingTimeInMillis(): number
}

export type Handler = (event: unknown, context: HandlerContext) => unknown

export interface ContextOptions {
  readonly requestId: string
  readonly functionName: string
  readonly version: string
  readonly arn: string
  readonly memoryMb: number
  /** On the wall clock. */
  readonly deadline: number
}

const missingCodes = new Set<unknown>(['ERR_MODULE_NOT_FOUND', 'MODULE_NOT_FOUND'])

export type HandlerResult =
  | { readonly kind: 'returned'; readonly payload: string }
  | { readonly kind: 'failed'; readonly error: FunctionErrorBody }

/** Imports the module and takes the handler out of it; what can go wrong is worded as Lambda does. */
export async function loadHandler(entry: string, exportName: string): Promise<Handler> {
  const module: Record<string, unknown> = await importModule(entry)
  const handler = module[exportName]
  if (isHandler(handler)) return handler
  throw named('Runtime.HandlerNotFound', `${entry}: ${exportName} is undefined or not exported`)
}

export function createContext(options: ContextOptions): HandlerContext {
  return {
    awsRequestId: options.requestId,
    functionName: options.functionName,
    functionVersion: options.version,
    invokedFunctionArn: options.arn,
    memoryLimitInMB: String(options.memoryMb),
    logGroupName: `/aws/lambda/${options.functionName}`,
    logStreamName: `[${options.version}]${process.pid}`,
    callbackWaitsForEmptyEventLoop: true,
    getRemainingTimeInMillis: () => Math.max(0, options.deadline - Date.now()),
  }
}

/** Never rejects: what the handler throws is a result too. */
export async function runHandler(
  handler: Handler,
  event: unknown,
  context: HandlerContext,
): Promise<HandlerResult> {
  try {
    const value = await handler(event, context)
    return { kind: 'returned', payload: JSON.stringify(value ?? null) ?? 'null' }
  } catch (thrown) {
    return { kind: 'failed', error: describeThrown(thrown) }
  }
}

async function importModule(entry: string): Promise<Record<string, unknown>> {
  try {
    return await import(pathToFileURL(entry).href)
  } catch (error) {
    if (error instanceof SyntaxError) throw named('Runtime.UserCodeSyntaxError', String(error))
    const isMissing = error instanceof Error && 'code' in error && missingCodes.has(error.code)
    throw isMissing ? named('Runtime.ImportModuleError', String(error)) : error
  }
}

function named(name: string, message: string): Error {
  const error = new Error(message)
  error.name = name
  return error
}

function isHandler(value: unknown): value is Handler {
  return typeof value === 'function'
}
