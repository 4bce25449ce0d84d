/** A module of `fixtures/` on a server: all that it exports and that is a definition, unchanged. */
import type { Definition } from '@fermata/lambda-runtime'
import { serve } from '@fermata/lambda-runtime/http'

const [, , entry = '', options = '{}'] = process.argv
const exported: Readonly<Record<string, unknown>> = await import(entry)
const server = await serve(Object.values(exported).filter(isDefinition), {
  host: '127.0.0.1',
  port: 0,
  ...JSON.parse(options),
})

process.on('disconnect', () => process.exit(0))
process.on('SIGTERM', () => {
  server.close().then(
    () => process.exit(0),
    () => process.exit(1),
  )
})
process.send?.({ port: server.port })

function isDefinition(value: unknown): value is Definition {
  return typeof value === 'object' && value !== null && '~runtime' in value
}
