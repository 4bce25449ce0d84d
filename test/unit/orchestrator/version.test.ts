import { createRequire } from 'node:module'
import { version } from '@fermata/orchestrator'
import { expect, it } from 'vitest'

it('tells the version that its package has', () => {
  const { version: packaged } = createRequire(import.meta.url)('../../../orchestrator/package.json')
  expect(version).toBe(packaged)
})
