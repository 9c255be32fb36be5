import '../../functions/cli/check-node.ts'
import { spawnSync } from 'node:child_process'
import process from 'node:process'
import { pythonWithEmulator, pythonWithSchemathesis, pythonWithSpecStar } from './packages.ts'
import { runWithRequirements } from './python-environment.ts'

/** The projects of `vitest.config.ts` that need Python. */
const PROJECTS = { deploy: pythonWithEmulator, openapi: pythonWithSchemathesis, specstar: pythonWithSpecStar }

/**
 * `npm run test:deploy`, `npm run test:openapi` and `npm run test:specstar`: installs the Python package that the tests
 * need, and runs the tests. If something is missing on this machine, prints what, without a stack trace, and sets the
 * exit code to 1.
 */
const main = async (project: keyof typeof PROJECTS, options: readonly string[]): Promise<void> => {
  await PROJECTS[project]()
  const { status } = spawnSync('vitest', ['run', '--project', project, '--reporter=verbose', ...options], {
    stdio: 'inherit',
  })
  process.exitCode = status ?? 1
}

const [project, ...options] = process.argv.slice(2)
if (project !== 'deploy' && project !== 'openapi' && project !== 'specstar')
  throw new Error('usage: main.ts deploy|openapi|specstar [options of vitest]')
await runWithRequirements(() => main(project, options))
