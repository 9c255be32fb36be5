import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import process from 'node:process'
import type { AccessKey, EmulatorAddress } from '../emulator/emulator.ts'

const CDK = join(dirname(createRequire(import.meta.url).resolve('aws-cdk/package.json')), 'bin/cdk')
/** Progress is one line for each event of CloudFormation, so the end of the output explains a failure. */
const LAST_LINES = 40

/** The CDK CLI ended with an error. The message contains the end of its output. */
class CdkError extends Error {
  override readonly name = 'CdkError'
}

/** Runs the CDK CLI with the credentials of one user, against the emulator. */
export class CdkCli {
  readonly #address: EmulatorAddress
  readonly #key: AccessKey
  readonly #home: string

  /** The CLI reads and writes its own files in `home`, and finds no credentials of a real account there. */
  constructor(address: EmulatorAddress, key: AccessKey, home: string) {
    this.#address = address
    this.#key = key
    this.#home = home
  }

  /** Runs a command in a folder, and returns its output. Throws `CdkError` if it fails. */
  async run(folder: string, region: string, ...command: string[]): Promise<string> {
    await mkdir(this.#home, { recursive: true })
    const child = spawn(process.execPath, [CDK, ...command, '--no-color', '--progress', 'events'], {
      cwd: folder,
      env: this.#environment(region),
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    let output = ''
    for (const stream of [child.stdout, child.stderr])
      stream.setEncoding('utf8').on('data', (text: string) => {
        output += text
      })
    await once(child, 'close')
    if (child.exitCode === 0) return output
    const end = output.split('\n').slice(-LAST_LINES).join('\n')
    throw new CdkError(`cdk ${command.join(' ')} ended with exit code ${child.exitCode ?? -1}:\n${end}`)
  }

  #environment(region: string): NodeJS.ProcessEnv {
    return {
      HOME: this.#home,
      PATH: `${dirname(process.execPath)}:${process.env['PATH'] ?? ''}`,
      AWS_ENDPOINT_URL: `https://127.0.0.1:${this.#address.port}`,
      AWS_CA_BUNDLE: this.#address.certificate,
      AWS_ACCESS_KEY_ID: this.#key.accessKeyId,
      AWS_SECRET_ACCESS_KEY: this.#key.secretAccessKey,
      AWS_REGION: region,
      AWS_EC2_METADATA_DISABLED: 'true',
      CDK_DISABLE_CLI_TELEMETRY: 'true',
      CI: 'true',
      NODE_COMPILE_CACHE: process.env['NODE_COMPILE_CACHE'],
    }
  }
}
