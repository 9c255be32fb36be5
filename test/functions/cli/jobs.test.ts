import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import * as z from 'zod'
import { fixture, TestProgram } from '../../workflows/program.ts'
import { cli, jsonLines } from './cli-run.ts'

let program: TestProgram
let folder = ''
let archive = ''
const env = () => ({ SPECSTAR_BACKUP_ENDPOINT: program.url })
const run = (...args: string[]) => cli(args, { env: env() })
const JobLine = z.looseObject({ job_id: z.string(), status: z.string() })
/** Returns the job that a command has printed with `--json`. */
const jobIn = (stdout: string) => JobLine.parse(jsonLines(stdout)[0])

beforeAll(async () => {
  program = await TestProgram.start()
  folder = await mkdtemp(join(tmpdir(), 'specstar-cli-'))
  archive = join(folder, 'catalogue.acbak')
  await writeFile(archive, await fixture('catalogue-v3.acbak'))
})
afterAll(async () => {
  await program.stop()
  await rm(folder, { recursive: true })
})

/** Opens an upload slot that is never used, so its job does not end. */
const openSlot = async (): Promise<string> =>
  JobLine.parse((await program.request('POST', '/_backup/import?wait=0')).body).job_id

const jobIdIn = (text: string): string => /with job (\S+)/.exec(text)?.[1] ?? ''

/** Types an answer when the question appears. */
const answerOnce = (question: string, answer: string): ((all: string) => string | undefined) => {
  let hasAnswered = false
  return (all) => {
    if (hasAnswered || !all.includes(question)) return undefined
    hasAnswered = true
    return answer
  }
}

describe('restore', () => {
  it('shows what a dry run of a local file would change, and writes nothing', async () => {
    const { code, stdout, stderr } = await run('restore', archive, '--dry-run')
    expect(code).toBe(0)
    expect(stdout).toMatch(/^kind +restore \(dry run\)$/m)
    expect(stdout).toMatch(/^MODEL +NEW +CHANGED +SAME +TARGET ONLY$/m)
    expect(stdout).toMatch(/^guild +12 +0 +0 +0$/m)
    expect(stderr).toContain(`Comparing ${archive} at ${program.url} with job k-`)
    const { items, objects } = await program.contents()
    expect([items.size, objects.size]).toEqual([0, 0])
  })

  it.each([
    ['n\r', 1],
    ['\r', 1],
    ['\u0003', 130],
  ])('asks on a terminal before it changes the store, and does nothing after %j', async (answer, expected) => {
    const before = (await program.request('GET', '/_backup/jobs')).body
    const { code, stderr } = await cli(['restore', archive], {
      env: env(),
      tty: true,
      onNote: answerOnce('Continue (y/N)?', answer),
    })
    expect(code).toBe(expected)
    expect(stderr).toContain(`The restore of ${archive} at ${program.url} overwrites existing resources.`)
    expect(stderr.toLowerCase()).toContain('nothing was restored')
    expect((await program.request('GET', '/_backup/jobs')).body).toEqual(before)
  })

  it('goes on after yes, and does not ask with --yes or in a dry run', async () => {
    const options = { env: env(), tty: true, onNote: answerOnce('Continue (y/N)?', 'y\r') }
    const asked = await cli(['restore', archive, '--on-duplicate', 'skip', '--no-wait'], options)
    expect(asked.code).toBe(0)
    expect(asked.stderr).toContain('adds resources but keeps existing ones.')
    expect(asked.stderr).toContain(`Restoring ${archive} at ${program.url} with job k-`)
    await run('show', '--wait', jobIdIn(asked.stderr))
    for (const flag of ['--yes', '--dry-run']) {
      const { code, stderr } = await cli(['restore', archive, flag, '--no-wait'], { env: env(), tty: true })
      expect(code).toBe(0)
      expect(stderr).not.toContain('Continue')
      await run('show', '--wait', jobIdIn(stderr))
    }
  })

  it('restores a local file and shows what was proved', async () => {
    const { code, stdout } = await run('restore', archive)
    expect(code).toBe(0)
    expect(stdout).toMatch(/^character +47 +0 +47$/m)
    expect(stdout).toContain('Proved: every check has passed')
    expect(stdout).toMatch(/^content +passed +122 +0$/m)
  })

  it('restores one resource of the archive of an export job', async () => {
    const { code, stdout } = await run('export', '--model', 'guild', '--wait', '--json')
    expect(code).toBe(0)
    const { job_id } = jobIn(stdout)
    const [id = ''] = await guildIds()
    const restored = await run('restore', job_id, '--only', `guild/${id}`, '--json')
    expect(restored.code).toBe(0)
    expect(jobIn(restored.stdout)).toMatchObject({ status: 'succeeded', result: { loaded: 1, total: 1 } })
  })

  it('restores an object in S3', async () => {
    const { buckets } = program.config
    await program.putObject('copies/catalogue.acbak', await fixture('catalogue-v3.acbak'), buckets.archives)
    const { code, stdout } = await run('restore', `s3://${buckets.archives}/copies/catalogue.acbak`, '--json')
    expect(code).toBe(0)
    expect(jobIn(stdout)).toMatchObject({ status: 'succeeded', request: { archive: { bucket: buckets.archives } } })
  })

  it('fails with the problem of the job if resources exist already', async () => {
    const { code, stdout, stderr } = await run('restore', archive, '--on-duplicate', 'raise_error')
    expect(code).toBe(1)
    expect(stdout).toMatch(/^status +failed$/m)
    expect(stdout).not.toContain('error:')
    expect(stderr).toContain('\nerror: the target already has ')
    const json = await run('restore', archive, '--on-duplicate', 'raise_error', '--json')
    const [job] = jsonLines(json.stdout) as [{ status: string; error: { type: string } }]
    expect(job).toMatchObject({ status: 'failed', error: { type: 'duplicates' } })
    expect(jsonLines(json.stderr).at(-1)).toEqual({ error: job.error })
  })

  it('returns the exit code of a partial job, and says why it is partial', async () => {
    const { code, stdout } = await run('restore', archive, '--only', 'guild/nobody', '--on-duplicate', 'skip')
    expect(code).toBe(3)
    expect(stdout).toContain('1 id that was not found\n  nobody')
  })

  it('does not wait with --no-wait', async () => {
    const { code, stdout } = await run('restore', archive, '--no-wait', '--dry-run')
    expect(code).toBe(0)
    const [, id = ''] = /^Started restore (\S+)$/m.exec(stdout) ?? []
    expect((await run('show', '--wait', id)).code).toBe(0)
  })

  it.each([
    [['missing.acbak'], '"missing.acbak" does not exist; use the path of a file, the id of an export job, or s3://'],
    [['s3://bucket'], 's3://bucket/key'],
    [['job', '--only', 'TW'], '--only: "TW" must be MODEL/ID'],
    [['job', '--only', 'a/1', '--only', 'b/2'], 'all resources must be of one model, not of a and b'],
    [['job', '--model', 'city', '--only', 'country/TW'], '--only: names the model country, but --model names city'],
    [['job', '--model', 'a', '--only', 'a/1', '--only', 'b/2'], '--only: names the model b, but --model names a'],
    [['job', '--only', 'a/1', '--filter', 'ids=2'], 'cannot be combined with --filter ids'],
    [['job', '--filter', 'id=2'], '"id=2" must be NAME=VALUE with one of the names is_deleted, '],
    [['job', '--filter', 'qb=a', '--filter', 'qb=b'], 'qb is given twice'],
    [['job', '--on-duplicate', 'replace'], 'Allowed choices are overwrite, skip, raise_error'],
  ])('rejects %j and says what is allowed', async (args, message) => {
    const { code, stderr } = await run('restore', ...args)
    expect(code).toBe(2)
    expect(stderr).toContain(message)
  })

  it('reports a wrong filter as wrong usage', async () => {
    const { code, stderr } = await run('restore', archive, '--filter', 'is_deleted=perhaps')
    expect(code).toBe(2)
    expect(stderr).toContain('is_deleted')
  })

  const guildIds = async (): Promise<string[]> => {
    const { items } = await program.contents()
    return [...items.values()].flatMap((item) => {
      const id = item['resource_id']?.S
      return item['pk']?.S?.includes('guild') === true && id !== undefined ? [id] : []
    })
  }
})

describe('export', () => {
  it('prints the id of the job without waiting', async () => {
    const { code, stdout } = await run('export')
    expect(code).toBe(0)
    const [, id = ''] = /^Started export (\S+)$/m.exec(stdout) ?? []
    expect((await run('show', id)).stdout).toContain(id)
  })

  it('downloads the archive to a new file, which can be restored', async () => {
    const file = join(folder, 'export.acbak')
    const { code, stdout } = await run('export', '--model', 'item', '--filter', 'is_deleted=false', '-o', file)
    expect(code).toBe(0)
    expect(stdout).toContain(`file: ${file}`)
    expect((await readdir(folder)).filter((name) => name.endsWith('.partial'))).toEqual([])
    expect((await run('restore', file, '--dry-run', '--json')).code).toBe(0)

    const bytes = await readFile(file)
    const again = await run('export', '-o', file)
    expect(again).toMatchObject({ code: 2, stdout: '' })
    expect(again.stderr).toContain(`${file} exists already; delete it or choose another file`)
    expect((await readFile(file)).equals(bytes)).toBe(true)
  })

  it('says that the archive is empty if no resource matches the filters', async () => {
    const warning = 'The archive contains no resources'
    const empty = await run('export', '--model', 'item', '--filter', 'created_bys=nobody', '--wait')
    expect(empty.stdout).toContain(`${warning}: the exported models are empty, or no resource matches the filters`)
    expect((await run('export', '--model', 'item', '--wait')).stdout).not.toContain(warning)
  })

  it('starts no job if the file cannot be written', async () => {
    const before = jsonLines((await run('jobs', '--json', '--limit', '1')).stdout)
    const { code, stderr } = await run('export', '-o', join(folder, 'no', 'folder', 'a.acbak'))
    expect(code).toBe(2)
    expect(stderr).toContain('--output')
    expect(jsonLines((await run('jobs', '--json', '--limit', '1')).stdout)).toEqual(before)
  })

  it('names the registered models if a model is unknown', async () => {
    const { code, stderr } = await run('export', '--model', 'contry')
    expect(code).toBe(2)
    expect(stderr).toContain('guild')
  })
})

describe('jobs, show and cancel', () => {
  it('lists jobs newest first, and reads as many pages as needed', async () => {
    await Promise.all(Array.from({ length: 3 }, openSlot))
    const { code, stdout, stderr } = await run('jobs', '--json', '--status', 'awaiting_upload', '--limit', '2')
    expect(code).toBe(0)
    expect(jsonLines(stderr)).toEqual([{ note: 'There may be more. The option --limit sets how many are listed.' }])
    const jobs = jsonLines(stdout).map((line) => JobLine.parse(line))
    expect(jobs.map(({ status }) => status)).toEqual(['awaiting_upload', 'awaiting_upload'])
    const text = await run('jobs', '--kind', 'restore')
    expect(text.stdout).toMatch(/^JOB +KIND +STATUS +CREATED +DURATION +RESOURCES +SIZE +STARTED BY$/m)
    expect(text.stdout).not.toContain(' export ')
    expect(text.stderr).toBe('')
  })

  it('cancels a job', async () => {
    const id = await openSlot()
    expect(await run('cancel', id)).toMatchObject({ code: 0, stdout: `Job ${id} is cancelled.\n` })
    expect((await run('show', '--wait', id)).code).toBe(5)
    expect((await run('show', id)).stdout).toMatch(/^status +cancelled$/m)
  })

  it('reports a job that does not exist', async () => {
    const { code, stderr } = await run('show', 'no-such-job', '--json')
    expect(code).toBe(2)
    for (const args of [
      ['cancel', 'no-such-job'],
      ['show', '--wait', 'no-such-job'],
      ['download', 'no-such-job', '-o', '-'],
      ['ls', 'no-such-job'],
      ['verify', 'no-such-job'],
      ['restore', 'no-such-job', '--yes'],
      ['export', '--model', 'planet'],
    ])
      expect((await run(...args)).code).toBe(2)
    expect(jsonLines(stderr)).toMatchObject([{ error: { type: 'unknown-job', status: 404 } }])
  })
})

describe('Ctrl-C', () => {
  const QUESTION = 'Cancel the job (c)'
  /** Interrupts once, and answers the question whenever it is asked. */
  const interruptAnd = (...answers: readonly string[]) => {
    let interrupted = false
    let answered = 0
    return (all: string): string | undefined => {
      if (!interrupted) {
        interrupted = true
        return 'ctrl-c'
      }
      return all.split(QUESTION).length - 1 > answered ? answers[answered++] : undefined
    }
  }

  it('cancels the job if the user says so', async () => {
    const id = await openSlot()
    const { code, stdout } = await cli(['show', '--wait', id], { env: env(), tty: true, onNote: interruptAnd('c\r') })
    expect(code).toBe(5)
    expect(stdout).toContain('cancelled')
  })

  it.each(['l\r', '\u0003', 'leave\r'])('leaves the job running if the user types %j', async (answer) => {
    const id = await openSlot()
    const { code, stderr } = await cli(['show', '--wait', id], { env: env(), tty: true, onNote: interruptAnd(answer) })
    expect(code).toBe(130)
    expect(stderr).toContain(`job ${id} goes on: specstar-backup show --wait ${id}`)
    expect((await run('show', id)).stdout).toMatch(/^status +awaiting_upload$/m)
  })

  it('asks again if the user types anything else', async () => {
    const id = await openSlot()
    const onNote = interruptAnd('x\r', 'cancle\r', 'c\r')
    const { code, stderr } = await cli(['show', '--wait', id], { env: env(), tty: true, onNote })
    expect(code).toBe(5)
    expect(stderr.split(QUESTION)).toHaveLength(4)
  })

  it('goes on waiting if the user types Enter', async () => {
    const id = await openSlot()
    const running = cli(['show', '--wait', id], { env: env(), tty: true, onNote: interruptAnd('\r') })
    const cancelled = new Promise((resolve) => setTimeout(resolve, 1_000)).then(() => run('cancel', id))
    expect((await running).code).toBe(5)
    expect((await cancelled).code).toBe(0)
  })

  it('does not ask without a terminal: the job goes on, and its id is printed', async () => {
    const id = await openSlot()
    const { code, stderr } = await cli(['show', '--wait', id], { env: env(), onNote: () => 'ctrl-c' })
    expect(code).toBe(130)
    expect(stderr).toContain(`job ${id} goes on`)
    expect((await run('show', id)).stdout).toMatch(/^status +awaiting_upload$/m)
  })
})

describe('verify', () => {
  it('checks the archive of an export without a restore', async () => {
    const { job_id } = jobIn((await run('export', '--model', 'guild', '--wait', '--json')).stdout)
    const { code, stdout } = await run('verify', job_id)
    expect(code).toBe(0)
    expect(stdout).toMatch(/^kind +check$/m)
    expect(stdout).toMatch(/^guild +12 /m)
    expect(stdout).toContain('Intact: every check has passed')
  })

  it('fails with 4 if the archive is damaged', async () => {
    const { buckets } = program.config
    const bytes = await fixture('catalogue-v3.acbak')
    const middle = Math.floor(bytes.length / 2)
    bytes[middle] = (bytes[middle] ?? 0) ^ 0xff
    await program.putObject('copies/damaged.acbak', bytes, buckets.archives)
    const { code, stdout } = await run('verify', `s3://${buckets.archives}/copies/damaged.acbak`)
    expect(code).toBe(4)
    expect(stdout).toMatch(/^status +failed$/m)
  })

  it('reports an archive that does not exist as a wrong parameter', async () => {
    const { code, stderr } = await run('verify', `s3://${program.config.buckets.archives}/missing.acbak`)
    expect(code).toBe(2)
    expect(stderr).toContain('missing.acbak')
  })
})
