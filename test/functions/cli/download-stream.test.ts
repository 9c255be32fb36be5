import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { PassThrough, Readable, Writable } from 'node:stream'
import { setImmediate } from 'node:timers/promises'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { CommandContext } from '../../../functions/cli/command.ts'
import { download, STDOUT } from '../../../functions/cli/download-archive.ts'
import { Output } from '../../../functions/cli/terminal/output.ts'

const MIB = 1024 ** 2
const PIECES = 256

let folder: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'specstar-download-'))
})
afterEach(() => rm(folder, { recursive: true }))

/** Starts a download of `pieces`. `interrupt` is a Ctrl-C. */
const start = (
  pieces: AsyncIterable<Buffer>,
  size: number,
  {
    path = STDOUT,
    stdout = discarding(),
    address = 'e-1',
  }: { path?: string; stdout?: Writable; address?: string } = {},
) => {
  const listeners = new Set<() => void>()
  const io: CommandContext['io'] = {
    stdin: new PassThrough(),
    stdout,
    stderr: new PassThrough().resume(),
    env: {},
    onInterrupt: (listener) => {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
  }
  const source = {
    size,
    read: () => Promise.reject(new Error('not used')),
    stream: () => Promise.resolve(Readable.from(pieces, { objectMode: false })),
    close: () => Promise.resolve(),
  }
  const ended = download({ io, output: new Output(io, { json: false }) }, () => Promise.resolve(source), {
    name: 'the archive',
    address,
    path,
  })
  return {
    ended,
    interrupt: () => {
      for (const listener of listeners) listener()
    },
  }
}

const discarding = (): Writable =>
  new Writable({
    write: (_chunk, _encoding, callback) => {
      callback()
    },
  })

/** Returns the bytes of all buffers that are in use. */
const bytesInUse = (): number => {
  setFlagsFromString('--expose-gc')
  runInNewContext('gc()')
  return process.memoryUsage().arrayBuffers
}

describe('a download', () => {
  it('does not keep the bytes that it has written', async () => {
    const before = bytesInUse()
    const pieces = async function* (): AsyncGenerator<Buffer> {
      for (let index = 0; index < PIECES; index++) {
        yield Buffer.alloc(MIB)
        await setImmediate()
      }
      // The download has not ended yet. V8 releases buffers in the background, which takes some time on a busy machine.
      await vi.waitFor(
        () => {
          expect(bytesInUse() - before).toBeLessThan((PIECES / 2) * MIB)
        },
        { timeout: 5_000 },
      )
    }
    await start(pieces(), PIECES * MIB).ended
  })

  it('ends at Ctrl-C although nobody reads stdout', async () => {
    const isBlocked = Promise.withResolvers<undefined>()
    const stdout = new Writable({
      write: () => {
        isBlocked.resolve(undefined)
      },
    })
    const pieces = async function* (): AsyncGenerator<Buffer> {
      for (;;) {
        yield Buffer.alloc(MIB)
        await setImmediate()
      }
    }
    const { ended, interrupt } = start(pieces(), PIECES * MIB, { stdout })
    await isBlocked.promise
    interrupt()
    await expect(ended).rejects.toThrow('the download was interrupted')
  })

  it('says how to start again if its file appears while it runs', async () => {
    const path = join(folder, 'a.acbak')
    const pieces = async function* (): AsyncGenerator<Buffer> {
      await writeFile(path, 'other')
      yield Buffer.alloc(MIB)
    }
    await expect(start(pieces(), MIB, { path }).ended).rejects.toThrow(
      `${path} exists already; delete it or choose another file. ` +
        `The archive is kept: specstar-backup download e-1 -o ${path}`,
    )
    expect(await readdir(folder)).toEqual(['a.acbak'])
  })

  it('says how to start again if its folder does not exist', async () => {
    const path = join(folder, 'absent', 'a.acbak')
    await expect(start(Readable.from([]), 0, { path }).ended).rejects.toThrow(
      `The archive is kept: specstar-backup download e-1 -o ${path}`,
    )
  })

  it('quotes the arguments of the command that starts it again', async () => {
    const path = join(folder, `it's absent`, 'a.acbak')
    await expect(
      start(Readable.from([]), 0, { path, address: 's3://b/a b.acbak?versionId=1&x' }).ended,
    ).rejects.toThrow(
      `specstar-backup download 's3://b/a b.acbak?versionId=1&x' -o '${folder}/it'\\''s absent/a.acbak'`,
    )
  })
})
