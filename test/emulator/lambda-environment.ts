import { fileURLToPath } from 'node:url'
import { type ResolvedFunction, region } from './function-spec.ts'

/** Compiled code of the handlers, so that a cold start does not strip and compile everything again. */
const compileCache = fileURLToPath(new URL('../../.cache/compile', import.meta.url))

const fakeCredentials = {
  AWS_REGION: region,
  AWS_DEFAULT_REGION: region,
  AWS_ACCESS_KEY_ID: 'emulated',
  AWS_SECRET_ACCESS_KEY: 'emulated',
  AWS_SESSION_TOKEN: 'emulated',
}

/**
 * All that a worker process sees: what Lambda sets, what the function was deployed with, and nothing
 * of the machine but the PATH.
 */
export function workerEnvironment(fn: ResolvedFunction): NodeJS.ProcessEnv {
  return {
    // biome-ignore lint/style/noProcessEnv: a child process needs the PATH, and nothing else
    PATH: process.env['PATH'],
    NODE_COMPILE_CACHE: compileCache,
    TZ: ':UTC',
    AWS_EXECUTION_ENV: 'AWS_Lambda_nodejs24.x',
    AWS_LAMBDA_FUNCTION_NAME: fn.name,
    AWS_LAMBDA_FUNCTION_VERSION: fn.version,
    AWS_LAMBDA_FUNCTION_MEMORY_SIZE: String(fn.memoryMb),
    AWS_LAMBDA_INITIALIZATION_TYPE: 'on-demand',
    AWS_LAMBDA_LOG_GROUP_NAME: `/aws/lambda/${fn.name}`,
    AWS_LAMBDA_LOG_STREAM_NAME: `[${fn.version}]`,
    _HANDLER: `index.${fn.exportName}`,
    ...fakeCredentials,
    ...fn.environment,
  }
}

/** An inline handler shares this process; what it was deployed with wins, credentials are kept. */
export function applyToThisProcess(fn: ResolvedFunction): void {
  // biome-ignore lint/style/noProcessEnv: inline handlers read their settings from it
  const environment = process.env
  for (const [name, value] of Object.entries(fakeCredentials)) environment[name] ??= value
  Object.assign(environment, fn.environment)
}
