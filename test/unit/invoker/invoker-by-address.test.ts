import type { Invoker } from '@fermata/orchestrator/ports'
import { expect, it } from 'vitest'
import { invokerByAddress } from '../../../orchestrator/src/invoker-by-address.ts'
import { requestFor } from '../../contract/invoker/fixtures/requests.ts'

function double(name: string, calls: string[]): Invoker {
  return {
    async invoke(address) {
      calls.push(`${name} invokes ${address}`)
      return { kind: 'too-large' }
    },
    async discover(address) {
      calls.push(`${name} discovers ${address}`)
      return { protocol: 1, kind: 'manifest', sdk: name, services: [] }
    },
    async close() {
      calls.push(`${name} closes`)
    },
  }
}

it('a URL is asked over HTTP, a function by Lambda, and both are closed', async () => {
  const calls: string[] = []
  const invoker = invokerByAddress(double('lambda', calls), double('http', calls))
  const arn = 'arn:aws:lambda:eu-west-1:123456789012:function:orders:7'
  const { signal } = new AbortController()
  await invoker.invoke(arn, requestFor('complete'), signal)
  await invoker.invoke('https://orders', requestFor('complete'), signal)
  await invoker.discover(arn)
  await invoker.discover('http://orders:9080')
  await invoker.close()
  expect(calls).toEqual([
    `lambda invokes ${arn}`,
    'http invokes https://orders',
    `lambda discovers ${arn}`,
    'http discovers http://orders:9080',
    'lambda closes',
    'http closes',
  ])
})
