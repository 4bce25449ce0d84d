/** Lambda's own limits, where they matter to whoever calls a function. */
export const maxRequestBytes = 6_291_456
/** Lambda allows the reply a hundred bytes more than the request. */
export const maxResponseBytes = 6_291_556
export const maxAsyncRequestBytes = 1_048_576
/** What an account's functions may run together, until someone asks for more. */
export const defaultAccountConcurrency = 1_000
export const defaultTimeoutMs = 3_000
export const defaultMemoryMb = 128
