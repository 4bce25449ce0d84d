/** Every code that the handler's side puts on an error, with its title. Each has a page in `docs/errors/`. */
export const sdkErrorCodes = {
  'definition-invalid': 'A service is not defined as it must be',
  'duration-invalid': 'A duration is not valid',
  'input-invalid': 'The input does not match the handler’s schema',
  'not-a-request': 'The function was invoked with something that is no request',
  'option-invalid': 'An option has a value that it cannot have',
  terminal: 'The handler failed for good',
  timeout: 'It took longer than it may',
  'value-unreadable': 'A stored value cannot be read',
  'value-unstorable': 'A value cannot be stored',
} as const satisfies Record<string, string>

export type SdkErrorCode = keyof typeof sdkErrorCodes
