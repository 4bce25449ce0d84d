/** The keys come from `FERMATA_PAYLOAD_KEYS`; `.codec(…)` would take them from elsewhere. */
import { lambda } from '@fermata/lambda-runtime/lambda'
import { clinic, file } from './clinic.ts'

export const handler = lambda(clinic, file)
