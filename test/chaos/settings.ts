import { vi } from 'vitest'

/** The examples read these when they are loaded: their waits are short where nothing happens in them. */
vi.stubEnv('REVIEW_DELAY_MS', '3000')
vi.stubEnv('QUIET_MS', '2000')
