import { deploymentUrlSchema, isUrl } from '@fermata/orchestrator/domain/deployment-url'
import { safeParse } from 'valibot'
import { describe, expect, it } from 'vitest'

const read = (text: unknown) => {
  const result = safeParse(deploymentUrlSchema, text)
  return result.success ? result.output : undefined
}

describe('the URL of a deployment', () => {
  it.each([
    ['http://orders:9080', 'http://orders:9080'],
    ['http://orders:9080/', 'http://orders:9080'],
    ['HTTPS://Orders.Example:443/v7//', 'https://orders.example/v7'],
    ['http://[::1]:80/a', 'http://[::1]/a'],
  ])('%s is known as %s', (text, known) => {
    expect(read(text)).toBe(known)
    expect(isUrl(known)).toBe(true)
  })

  it.each([
    'orders',
    'orders:9080',
    'ftp://orders',
    'http://user@orders',
    'http://:word@orders',
    'http://orders?x=1',
    'http://orders#x',
    'arn:aws:lambda:eu-west-1:123456789012:function:orders:7',
    7,
  ])('is not %s', (text) => {
    expect(read(text)).toBeUndefined()
  })

  it('is not the ARN of a function', () => {
    expect(isUrl('arn:aws:lambda:eu-west-1:123456789012:function:https://x:7')).toBe(false)
  })
})
