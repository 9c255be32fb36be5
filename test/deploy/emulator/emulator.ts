import { type ChildProcess, spawn } from 'node:child_process'
import { closeSync, openSync } from 'node:fs'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { once } from 'node:events'
import { createServer } from 'node:net'
import { dirname, join } from 'node:path'
import process from 'node:process'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { pythonWithEmulator } from '../../python/packages.ts'

const SERVE = fileURLToPath(new URL('serve.py', import.meta.url))
const ATTEMPTS = 120
const PAUSE_MS = 500

/** How to reach a running emulator. */
export interface EmulatorAddress {
  readonly port: number
  readonly account: string
  /** Path of the self-signed certificate of the emulator. Clients trust it and nothing else. */
  readonly certificate: string
  /** The access key of the root user of the account. */
  readonly root: AccessKey
}

export interface AccessKey {
  readonly accessKeyId: string
  readonly secretAccessKey: string
}

/** An AWS emulator in a process of its own, with TLS, signatures and IAM policies enforced. */
export class Emulator {
  readonly address: EmulatorAddress
  readonly #process: ChildProcess

  private constructor(address: EmulatorAddress, process: ChildProcess) {
    this.address = address
    this.#process = process
  }

  /**
   * Starts an emulator without any resources. It stores its temporary files and its log in `folder`. If `detached` is
   * true, it can run on after this process has ended.
   */
  static async start(folder: string, { detached }: { readonly detached: boolean }): Promise<Emulator> {
    const python = await pythonWithEmulator()
    const temporary = join(folder, 'tmp')
    await mkdir(temporary, { recursive: true })
    // The functions run in this folder. Otherwise, the `package.json` of the project would turn their runtime into an
    // ES module.
    await writeFile(join(temporary, 'package.json'), '{}')
    const address = {
      port: await freePort(),
      account: '111122223333',
      certificate: join(temporary, 'ministack-tls/server.crt'),
      root: { accessKeyId: 'AKIAEMULATORROOTUSER', secretAccessKey: 'secret of the root user' },
    }
    const log = openSync(join(folder, 'emulator.log'), 'w')
    const child = spawn(python, [SERVE], {
      stdio: ['ignore', log, log],
      detached,
      env: {
        HOME: process.env['HOME'],
        // Functions run with the first `node` in the path: Lambda's version.
        PATH: `${dirname(process.execPath)}:${process.env['PATH'] ?? ''}`,
        PYTHONDONTWRITEBYTECODE: '1',
        TMPDIR: temporary,
        AUTH: 'true',
        USE_SSL: '1',
        BIND_HOST: '127.0.0.1',
        MINISTACK_HOST: 'localhost',
        GATEWAY_PORT: String(address.port),
        MINISTACK_ACCOUNT_ID: address.account,
        AWS_ACCESS_KEY_ID: address.root.accessKeyId,
        AWS_SECRET_ACCESS_KEY: address.root.secretAccessKey,
        IOT_MTLS_ENABLED: '0',
        SFTP_ENABLED: '0',
      },
    })
    closeSync(log)
    const emulator = new Emulator(address, child)
    await emulator.#ready(join(folder, 'emulator.log'))
    return emulator
  }

  async stop(): Promise<void> {
    if (this.#process.exitCode !== null) return
    const exited = once(this.#process, 'exit')
    this.#process.kill()
    await exited
  }

  /** Lets the emulator run after this process has ended. */
  leave(): void {
    this.#process.unref()
  }

  async #ready(log: string): Promise<void> {
    for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
      const text = await readFile(log, 'utf8')
      if (text.includes('Running on https://')) return
      if (this.#process.exitCode !== null) throw new Error(`the emulator ended while it started:\n${text}`)
      await sleep(PAUSE_MS)
    }
    this.#process.kill()
    throw new Error(`the emulator did not start within a minute; see ${log}`)
  }
}

const freePort = async (): Promise<number> => {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  const closed = once(server, 'close')
  server.close()
  await closed
  if (typeof address !== 'object' || address === null) throw new Error('the server has no port')
  return address.port
}
