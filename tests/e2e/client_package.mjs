// Makes the TypeScript package as a release does, and a shop's project that has it installed.
import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { root } from './suite.mjs';

const source = path.join(root, 'clients/typescript');
const modules = path.join(root, 'tests/node_modules');

function link(folder, names) {
  for (const name of names) {
    mkdirSync(folder, { recursive: true });
    symlinkSync(path.join(modules, name), path.join(folder, name));
  }
}

export class ClientPackage {
  constructor() {
    this.folder = mkdtempSync(path.join(tmpdir(), 'esnaf-client-package-'));
    this.copy = path.join(this.folder, 'client');
    this.shop = path.join(this.folder, 'shop');
    for (const file of ['package.json', 'tsconfig.json', 'src', 'README.md']) {
      cpSync(path.join(source, file), path.join(this.copy, file), { recursive: true, filter: (one) => path.basename(one) !== 'generated' });
    }
    this.generate();
    link(path.join(this.copy, 'node_modules'), ['@grpc', '@types', 'undici-types']);
    this.compile(this.copy, ['-p', '.']);
    const installed = path.join(this.shop, 'node_modules/@esnaf/client');
    mkdirSync(installed, { recursive: true });
    execFileSync('npm', ['pack', '--ignore-scripts', '--silent', '--pack-destination', this.folder], { cwd: this.copy, stdio: 'pipe' });
    const packed = readdirSync(this.folder).find((file) => file.endsWith('.tgz'));
    execFileSync('tar', ['-xzf', path.join(this.folder, packed), '-C', installed, '--strip-components', '1']);
    link(path.join(this.shop, 'node_modules'), ['@grpc', '@types', 'undici-types']);
    cpSync(path.join(source, 'examples'), this.shop, { recursive: true });
    writeFileSync(path.join(this.shop, 'package.json'), '{"type":"module"}\n');
    writeFileSync(path.join(this.shop, 'tsconfig.json'), JSON.stringify({
      compilerOptions: { target: 'ES2022', module: 'NodeNext', lib: ['ES2023', 'DOM', 'DOM.AsyncIterable'], types: ['node'], strict: true },
      include: ['*.ts'],
    }));
  }

  generate(...args) {
    return execFileSync(process.execPath, [path.join(source, 'generate'), '--out', this.copy, ...args], { encoding: 'utf8', stdio: 'pipe' });
  }

  // Fails with what the compiler says.
  compile(cwd, args) {
    try {
      execFileSync(process.execPath, [path.join(modules, 'typescript/bin/tsc'), ...args], { cwd, encoding: 'utf8', stdio: 'pipe' });
    } catch (error) {
      throw new Error(`tsc: ${error.stdout}`);
    }
  }

  load(file) { return import(pathToFileURL(path.join(this.shop, 'node_modules/@esnaf/client/dist', file))); }

  remove() { rmSync(this.folder, { recursive: true, force: true }); }
}
