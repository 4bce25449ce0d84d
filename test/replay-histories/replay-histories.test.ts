import { readdirSync, readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { decodeInvokeReply, decodeRequest } from '../../lambda-runtime/src/protocol/index.ts'
import { type History, replayAttempt } from './history.ts'
import { programs } from './programs.ts'
import { scenes } from './scenes.ts'

const folder = new URL('v1/', import.meta.url)
const histories: readonly History[] = readdirSync(folder).map((file) =>
  JSON.parse(readFileSync(new URL(file, folder), 'utf8')),
)

describe('a recorded history', () => {
  it.each([...Object.keys(programs), ...Object.keys(scenes)])(
    'exists of the program "%s"',
    (program) => {
      expect(histories.map((history) => history.program)).toContain(program)
    },
  )

  it.each(histories)('of "$program" is replayed exactly as it was recorded', async (history) => {
    for (const recorded of history.attempts) {
      expect(await replayAttempt(history.program, recorded)).toEqual(recorded)
    }
  })

  it.each(histories)('of "$program" is still read by the protocol', ({ attempts }) => {
    for (const { request, reply } of attempts) {
      expect(decodeRequest(request)).toEqual(request)
      expect(decodeInvokeReply(reply)).toEqual(reply)
    }
  })

  it.each(histories)('of "$program" ends', ({ attempts }) => {
    const status = attempts.at(-1)?.reply.status.kind
    expect(status).toMatch(/completed|failed|appended/)
  })
})
