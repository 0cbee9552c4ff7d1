import assert from "node:assert/strict";
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { type TestContext, test } from "node:test";

import { ServerNotFound, type Surroundings, findServer } from "../src/executable";

/** A folder that is removed with the test, under its real name. */
function temporaryFolder(context: TestContext): string {
  const folder = fs.realpathSync(fs.mkdtempSync(path.join(os.tmpdir(), "bantam-")));
  context.after(() => fs.rmSync(folder, { recursive: true }));
  return folder;
}

/** Makes `folder/bantam` and returns its path. */
function programIn(folder: string, mode = 0o755): string {
  fs.mkdirSync(folder, { recursive: true });
  const program = path.join(folder, "bantam");
  fs.writeFileSync(program, "#!/bin/sh\n", { mode });
  return program;
}

function surroundings(given: Partial<Surroundings>): Surroundings {
  return {
    serverPath: "",
    pathVariable: "",
    workspaceFolders: [],
    homeFolder: "/nonexistent",
    isWindows: false,
    ...given,
  };
}

function pathOf(...folders: string[]): string {
  return folders.join(path.delimiter);
}

test("the first program on PATH is found", (context) => {
  const root = temporaryFolder(context);
  const first = programIn(path.join(root, "first"));
  const second = programIn(path.join(root, "second"));
  const pathVariable = pathOf(root, path.dirname(first), path.dirname(second));

  assert.equal(findServer(surroundings({ pathVariable })), first);
});

test("the setting comes before PATH", (context) => {
  const root = temporaryFolder(context);
  const onPath = programIn(path.join(root, "first"));
  const named = programIn(path.join(root, "second"));
  const pathVariable = pathOf(path.dirname(onPath));

  assert.equal(findServer(surroundings({ pathVariable, serverPath: named })), named);
});

test("a leading ~ of the setting is the home folder", (context) => {
  const homeFolder = temporaryFolder(context);
  const program = programIn(path.join(homeFolder, "bin"));

  assert.equal(findServer(surroundings({ serverPath: "~/bin/bantam", homeFolder })), program);
});

test("what lies inside a workspace is skipped on PATH", (context) => {
  const root = temporaryFolder(context);
  const workspace = path.join(root, "workspace");
  const trap = programIn(path.join(workspace, ".venv", "bin"));
  const program = programIn(path.join(root, "bin"));
  const pathVariable = pathOf(path.dirname(trap), path.dirname(program));

  assert.equal(findServer(surroundings({ pathVariable, workspaceFolders: [workspace] })), program);
});

const DETOURS: Record<string, (root: string, trap: string) => string> = {
  "through ..": (root, trap) => `${root}/bin/../workspace/${path.basename(path.dirname(trap))}`,
  "through a linked folder": (root, trap) => {
    fs.symlinkSync(path.dirname(trap), path.join(root, "link"));
    return path.join(root, "link");
  },
  "through a linked program": (root, trap) => {
    fs.mkdirSync(path.join(root, "links"));
    fs.symlinkSync(trap, path.join(root, "links", "bantam"));
    return path.join(root, "links");
  },
};

for (const [name, detour] of Object.entries(DETOURS)) {
  test(`what lies inside a workspace is not found ${name}`, (context) => {
    const root = temporaryFolder(context);
    const workspace = path.join(root, "workspace");
    fs.mkdirSync(path.join(root, "bin"));
    const folder = detour(root, programIn(path.join(workspace, "tools")));
    const given = { workspaceFolders: [workspace] };

    assert.throws(
      () => findServer(surroundings({ ...given, pathVariable: folder })),
      ServerNotFound,
    );
    assert.throws(
      () => findServer(surroundings({ ...given, serverPath: path.join(folder, "bantam") })),
      ServerNotFound,
    );
  });
}

test("a workspace that is opened through a link is still the workspace", (context) => {
  const root = temporaryFolder(context);
  const trap = programIn(path.join(root, "workspace"));
  fs.symlinkSync(path.join(root, "workspace"), path.join(root, "opened"));

  assert.throws(
    () =>
      findServer(
        surroundings({
          pathVariable: path.dirname(trap),
          workspaceFolders: [path.join(root, "opened")],
        }),
      ),
    ServerNotFound,
  );
});

test("relative and empty entries of PATH are skipped", (context) => {
  const root = temporaryFolder(context);
  programIn(path.join(root, "tools"));
  const before = process.cwd();
  context.after(() => process.chdir(before));
  process.chdir(path.join(root, "tools"));

  assert.throws(
    () => findServer(surroundings({ pathVariable: pathOf("", ".", "../tools") })),
    ServerNotFound,
  );
});

test("a file that may not be run is no program", (context) => {
  const root = temporaryFolder(context);
  programIn(root, 0o644);

  assert.throws(() => findServer(surroundings({ pathVariable: root })), ServerNotFound);
});

test("a folder beside the workspace with a similar name is not inside it", (context) => {
  const root = temporaryFolder(context);
  const program = programIn(path.join(root, "workspace-tools"));
  const workspaceFolders = [path.join(root, "workspace")];

  assert.equal(findServer(surroundings({ serverPath: program, workspaceFolders })), program);
});

test("a relative setting is refused, and the message names it and the remedy", () => {
  assert.throws(() => findServer(surroundings({ serverPath: "bin/bantam" })), {
    name: "ServerNotFound",
    message: /"bin\/bantam", which is not an absolute path.*empty it to use PATH/,
  });
});

test("without any program the message says how to get one", () => {
  assert.throws(() => findServer(surroundings({})), {
    name: "ServerNotFound",
    message: /PATH has no such program.*Install bantam-lsp.*bantam\.serverPath/s,
  });
});
