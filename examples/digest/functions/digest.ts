import { lambda } from '@fermata/lambda-runtime/lambda'
import { comments, digest, mailer, search } from '../digest.ts'

export const handler = lambda(comments, search, mailer, digest)
