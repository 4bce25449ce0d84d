/** Handlers on a server: the same ones that `lambda(…)` takes. */
import { serve } from '@fermata/lambda-runtime/http'
import { greeter } from './greeter.ts'

const { PORT = '9080', HOST = '127.0.0.1', FERMATA_PUBLIC_KEY } = process.env

const server = await serve([greeter], {
  port: Number(PORT),
  host: HOST,
  // With a key, only the orchestrator that holds its other half may ask.
  ...(FERMATA_PUBLIC_KEY && { identity: { publicKeys: [FERMATA_PUBLIC_KEY] } }),
})
console.log(`listening at ${server.url}`)

// What is under way ends, or goes on elsewhere.
process.once('SIGTERM', () => void server.close())
