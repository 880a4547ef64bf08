import assert from "node:assert/strict";
import { test } from "node:test";
import { Population } from "./population.ts";

const pods = { name: "pods" };
const nodes = { name: "nodes" };

test("a kind is looked at once, and its first object counts as news only if it was known to have none", async () => {
  const population = new Population<{ name: string }>();
  const asked: string[] = [];
  const look = () =>
    population.look([pods, nodes], async (kind) => {
      asked.push(kind.name);
      return kind === nodes;
    });
  await look();
  await look();
  assert.deepEqual(asked, ["pods", "nodes"]);
  assert.equal(population.has(pods), false);
  assert.equal(population.note(nodes), false);
  assert.equal(population.note(pods), true);
  assert.equal(population.note(pods), false);
});

test("an object that is seen before a kind was looked at is no news, and one that comes during the look is not lost", async () => {
  const population = new Population<{ name: string }>();
  assert.equal(population.note(pods), false);
  assert.equal(population.has(pods), true);
  await population.look([nodes], async () => {
    population.note(nodes);
    return false;
  });
  assert.equal(population.has(nodes), true);
});

test("a kind that is forgotten is looked at anew", async () => {
  const population = new Population<{ name: string }>();
  population.note(pods);
  population.forget(pods);
  let asked = 0;
  await population.look([pods], async () => ++asked === 0);
  assert.equal(asked, 1);
  assert.equal(population.has(pods), false);
});
