import { dirname, join, normalize } from 'node:path'
import { fileURLToPath } from 'node:url'
import ts from 'typescript'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))
/** Packages that every user of the construct has installed. */
const PEERS = /^(aws-cdk-lib(\/.*)?|constructs)$/

/**
 * Creates the declarations of a TypeScript file and of all files to which its declarations refer. Returns the texts by
 * their paths, which are relative to the project. Throws if the declarations refer to another package, because users do
 * not have its types.
 */
export const declarationsOf = (entry: string): ReadonlyMap<string, string> => {
  const emitted = emitDeclarations(entry)
  const needed = new Map<string, string>()
  const collect = (path: string): void => {
    if (needed.has(path)) return
    const text = emitted.get(path)
    if (text === undefined) throw new Error(`TypeScript has created no declarations ${path}`)
    needed.set(path, text)
    for (const { fileName } of ts.preProcessFile(text).importedFiles)
      if (fileName.startsWith('.')) collect(declarationPath(normalize(join(dirname(path), fileName))))
      else if (!PEERS.test(fileName))
        throw new Error(`the declarations ${path} refer to the package ${fileName}, which users do not have`)
  }
  collect(declarationPath(entry))
  return needed
}

const declarationPath = (source: string): string => source.replace(/\.ts$/, '.d.ts')

const emitDeclarations = (entry: string): ReadonlyMap<string, string> => {
  const { config } = ts.readConfigFile(join(ROOT, 'tsconfig.json'), (path) => ts.sys.readFile(path)) as {
    readonly config: object
  }
  const { options } = ts.parseJsonConfigFileContent({ ...config, include: [], files: [entry] }, ts.sys, ROOT)
  const program = ts.createProgram([join(ROOT, entry)], {
    ...options,
    noEmit: false,
    declaration: true,
    emitDeclarationOnly: true,
    rootDir: ROOT,
    outDir: '/',
  })
  const emitted = new Map<string, string>()
  program.emit(undefined, (path, text) => emitted.set(path.replace(/^\//, ''), text))
  return emitted
}
