import { spawnSync } from 'node:child_process'
import process from 'node:process'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'

const PROGRAM = fileURLToPath(new URL('../../infra/destroy.ts', import.meta.url))

/** Runs `npm run destroy` without any AWS credentials. */
const destroy = (...given: readonly string[]) =>
  spawnSync(process.execPath, [PROGRAM, ...given], {
    encoding: 'utf8',
    env: { AWS_REGION: 'us-east-1', AWS_EC2_METADATA_DISABLED: 'true', HOME: '/nonexistent' },
  })

describe('npm run destroy -- --help', () => {
  it.each(['--help', '-h'])('prints all options and removes nothing: %s', (option) => {
    const { status, stdout, stderr } = destroy(option)
    expect([status, stderr]).toEqual([0, ''])
    expect(stdout).toMatch(/^usage: npm run destroy \[-- OPTIONS\]\n/)
    expect(stdout).toContain('--failed-creation   after a failed first deployment, deletes the empty tables')
  })
})

describe('npm run destroy -- --failed-creation', () => {
  it('says without a stack trace that there are no credentials', () => {
    const { status, stderr } = destroy('--failed-creation')
    expect(status).toBe(1)
    expect(stderr).toBe(
      'the clean-up of the stack specstar-data has stopped: CredentialsProviderError: ' +
        'Could not load credentials from any providers. ' +
        'Check the credentials and the region (AWS_REGION), and run the command again.\n',
    )
  })

  it.each([['--failed-creaton'], ['--failed-creation', 'other-stack']])(
    'deletes nothing if the option is misspelled or has arguments: %s',
    (...given) => {
      const { status, stdout, stderr } = destroy(...given)
      expect(status).toBe(1)
      expect(stdout).toBe('')
      expect(stderr).toBe(
        `unknown arguments: ${given.at(-1)}. Nothing was deleted. ` +
          'To clean up after a failed first deployment, run: npm run destroy -- --failed-creation\n',
      )
    },
  )
})
