import { execFile } from 'node:child_process'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import process from 'node:process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import * as z from 'zod'

export const ROOT = fileURLToPath(new URL('../..', import.meta.url))

const run = promisify(execFile)

/** Runs a command without the settings that `npm run` passes on. They would make npm work in this project. */
const execute = async (command: string, args: readonly string[], cwd: string): Promise<string> => {
  const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('npm_')))
  const { stdout } = await run(command, [...args], { cwd, env, maxBuffer: 64 * 1024 * 1024 })
  return stdout
}

const Packed = z.tuple([z.object({ filename: z.string(), files: z.array(z.object({ path: z.string() })) })])
const Manifest = z.object({ devDependencies: z.record(z.string(), z.string()) })
const PACKAGES = ['aws-cdk-lib', 'constructs', 'typescript', '@types/node'] as const

/** The tarball that `npm pack` creates from this project. `npm pack` runs the build first. */
export interface Tarball {
  readonly path: string
  /** The paths of the files that the tarball contains. */
  readonly files: readonly string[]
}

/** A project in a temporary folder that has installed the tarball. */
export class ConsumerProject {
  readonly folder: string
  readonly tarball: Tarball

  private constructor(folder: string, tarball: Tarball) {
    this.folder = folder
    this.tarball = tarball
  }

  /** Packs this project, and creates a project that has also installed CDK and TypeScript. */
  static async create(): Promise<ConsumerProject> {
    const folder = await mkdtemp(join(tmpdir(), 'specstar-consumer-'))
    const packed = await execute('npm', ['pack', '--json', '--silent', '--pack-destination', folder], ROOT)
    const [{ filename, files }] = Packed.parse(JSON.parse(packed))
    const tarball = { path: join(folder, filename), files: files.map(({ path }) => path) }
    const project = new ConsumerProject(folder, tarball)
    await project.write('package.json', JSON.stringify({ name: 'shop', private: true, type: 'module' }))
    const { devDependencies } = Manifest.parse(JSON.parse(await readFile(join(ROOT, 'package.json'), 'utf8')))
    const packages = PACKAGES.map((name) => `${name}@${devDependencies[name] ?? 'latest'}`)
    const flags = ['--prefer-offline', '--no-audit', '--no-fund', '--silent']
    await project.run('npm', 'install', ...flags, tarball.path, ...packages)
    return project
  }

  /** Creates a project without CDK and TypeScript, which has installed only the tarball. */
  static async createEmpty(tarball: Tarball): Promise<ConsumerProject> {
    const project = new ConsumerProject(await mkdtemp(join(tmpdir(), 'specstar-empty-')), tarball)
    await project.write('package.json', JSON.stringify({ name: 'empty', private: true }))
    await project.run('npm', 'install', '--offline', '--omit=peer', '--no-audit', '--no-fund', '--silent', tarball.path)
    return project
  }

  async write(file: string, text: string): Promise<void> {
    await writeFile(join(this.folder, file), text)
  }

  async read(file: string): Promise<string> {
    return readFile(join(this.folder, file), 'utf8')
  }

  /** Runs a command in the folder of the project, and returns its output. */
  run(command: string, ...args: readonly string[]): Promise<string> {
    return execute(command, args, this.folder)
  }

  /** Runs `cdk synth` for a file of the project. The templates are in the folder `out`. */
  async synth(app: string, out: string): Promise<void> {
    const cdk = join(ROOT, 'node_modules/aws-cdk/bin/cdk')
    await this.run(process.execPath, cdk, 'synth', '--quiet', '--app', `node ${app}`, '--output', out)
  }

  async remove(): Promise<void> {
    await rm(this.folder, { recursive: true, force: true })
  }
}
