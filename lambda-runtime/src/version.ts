/** This package's version; a test holds it to package.json. */
export const sdkVersion = '0.1.0'
