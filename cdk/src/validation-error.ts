/** What was asked for cannot be: found when the app is synthesized. */
export class ValidationError extends Error {
  override readonly name = 'ValidationError'
}
