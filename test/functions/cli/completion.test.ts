import { execFile } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { describe, expect, it } from 'vitest'
import { COMMANDS } from '../../../functions/cli/commands.ts'
import { cli, jsonLines } from './cli-run.ts'

const run = promisify(execFile)

/** Returns what bash offers for the last word of a command line. */
const complete = async (...words: readonly string[]): Promise<string[]> => {
  const { stdout: script } = await cli(['completion', 'bash'])
  const probe = `${script}
COMP_WORDS=(specstar-backup "$@"); COMP_CWORD=$#
_specstar_backup
printf '%s\\n' "\${COMPREPLY[@]}"`
  const { stdout } = await run('bash', ['-c', probe, 'bash', ...words])
  return stdout.split('\n').filter((line) => line !== '')
}

describe('specstar-backup completion', () => {
  it('completes every command in bash', async () => {
    const offered = await complete('')
    expect(offered).toEqual(expect.arrayContaining(COMMANDS.map(({ name }) => name.split(' ')[0])))
    expect(await complete('exp')).toEqual(['export'])
    expect(await complete('schedules', 'r')).toEqual(['run', 'resume'])
  })

  it('completes the options of a command and of the program', async () => {
    expect(await complete('jobs', '--')).toEqual(expect.arrayContaining(['--kind', '--limit', '--json', '--endpoint']))
    expect(await complete('jobs', '--')).not.toContain('--output')
    expect(await complete('schedules', 'pause', 'nightly', '--d')).toEqual(['--days'])
  })

  it('completes the values of an option', async () => {
    expect(await complete('restore', 'a.acbak', '--on-duplicate', '')).toEqual(['overwrite', 'skip', 'raise_error'])
    expect(await complete('jobs', '--kind', 're')).toEqual(['restore'])
  })

  it('completes names of files with spaces and wildcards in bash', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'specstar-completion-'))
    await Promise.all(['my backup.acbak', 'all*.acbak', 'all-1.acbak'].map((name) => writeFile(join(folder, name), '')))
    const offered = await complete('export', '--output', `${folder}/`)
    await rm(folder, { recursive: true })
    expect(offered.toSorted()).toEqual(
      ['all*.acbak', 'all-1.acbak', 'my backup.acbak'].map((name) => join(folder, name)),
    )
  })

  it.each(['zsh', 'fish'])('describes every command in %s', async (shell) => {
    const { code, stdout } = await cli(['completion', shell])
    expect(code).toBe(0)
    for (const { name, summary } of COMMANDS) {
      expect(stdout).toContain(`' ${name}'`)
      expect(stdout).toContain(summary.replaceAll("'", '’').replaceAll(':', shell === 'zsh' ? '\\:' : ':'))
    }
  })

  it('prints the script as one JSON object with --json', async () => {
    const { code, stdout } = await cli(['completion', 'bash', '--json'])
    expect(code).toBe(0)
    expect(jsonLines(stdout)).toEqual([{ shell: 'bash', script: (await cli(['completion', 'bash'])).stdout }])
  })

  it('names the shells that it supports', async () => {
    const { code, stderr } = await cli(['completion', 'tcsh'])
    expect(code).toBe(2)
    expect(stderr).toContain('Allowed choices are bash, zsh, fish')
  })
})
