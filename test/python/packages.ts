import { pythonWith } from './python-environment.ts'

/** Returns the path of a Python that can run the emulator of AWS, which creates its certificate with OpenSSL. */
export const pythonWithEmulator = (): Promise<string> =>
  pythonWith({
    command: 'test:deploy',
    requirement: 'ministack==1.5.33',
    folder: 'ministack-python',
    programs: ['openssl'],
  })

/** Returns the path of a Python that can import the fuzzer Schemathesis. */
export const pythonWithSchemathesis = (): Promise<string> =>
  pythonWith({ command: 'test:openapi', requirement: 'schemathesis==4.32.5', folder: 'schemathesis-python' })

/** Returns the path of a Python that can import the real SpecStar. */
export const pythonWithSpecStar = (): Promise<string> =>
  pythonWith({ command: 'test:specstar', requirement: 'specstar==0.12.3', folder: 'specstar-python' })
