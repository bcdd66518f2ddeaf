//! Tables and graphs that a scenario shows beside its lifelines: who depends on whom, who waits for whom, what each session sees.

use maud::{Markup, html};

use crate::diagram::{number, tone_class, tone_sign};
use crate::engine::{Cell, Exhibit, Graph, GraphEdge, Plan, Stage, Table};
use crate::scenarios::Part;

use super::super::icons::{Glyph, icon};
use super::super::text;
use super::bench::Bench;

/// Between the middles of two nodes, across and down, in px.
const STEP: (f32, f32) = (164.0, 128.0);
/// Of a node, in px.
const NODE: (f32, f32) = (76.0, 38.0);
/// Around the nodes, across and down, in px.
const MARGIN: (f32, f32) = (62.0, 78.0);
/// How far an arrow bends from the straight way, in px.
const BEND: f32 = 34.0;
/// Between two lines of a label, in px.
const LINE: f32 = 13.0;
/// Most labels at one arrow; the list below has them all.
const LABELS_MAX: usize = 3;

/// The graphs, beside the run.
pub fn graphs(bench: Bench) -> Markup {
    let all = shown(bench, true);
    html! {
        @for exhibit in &all {
            @match exhibit {
                Exhibit::Graph(graph) => { (section(graph)) }
                Exhibit::Plan(plan) if Part::Services.is_here() => { (strip(plan)) }
                Exhibit::Plan(_) | Exhibit::Table(_) => {}
            }
        }
    }
}

/// The tables, below it.
pub fn tables(bench: Bench) -> Markup {
    let all = shown(bench, false);
    html! {
        @if all.iter().any(|exhibit| matches!(exhibit, Exhibit::Table(_))) {
            h2 #tables-title { (text::TABLES) }
            p.help { (text::tables_help()) }
        }
        @for exhibit in &all {
            @if let Exhibit::Table(table) = exhibit { (sheet(table)) }
        }
    }
}

/// What there is to see at the step that is shown; of the part that asks, at rest.
fn shown(bench: Bench, beside: bool) -> Vec<Exhibit> {
    let at = if beside { bench.later.get() } else { bench.below.get() };
    bench.lab.read_at(at, |here| here.run.exhibits(here.step)).unwrap_or_default()
}

fn section(graph: &Graph) -> Markup {
    let (title, help) = text::graph_title(graph.id);
    let (class, glyph) = match graph.is_good {
        Some(true) => ("is-good", Glyph::Check),
        Some(false) => ("is-violated", Glyph::Cross),
        None => ("is-open", Glyph::Hourglass),
    };
    html! {
        div.graph data-key=(graph.id) {
            h2 { (title) }
            p.graph-verdict.(class) { (icon(glyph)) " " strong { (graph.verdict) } }
            @if !graph.outlook.is_empty() { p.graph-outlook { (icon(Glyph::Warning)) " " (graph.outlook) } }
            @if graph.edges.is_empty() { p.help { (help) } } @else {
                (drawing(graph))
                ul.graph-edges {
                    @for edge in &graph.edges {
                        li.in-cycle[edge.in_cycle] {
                            span.edge-label { (edge.label) } " " (edge.sentence)
                            @if edge.in_cycle { span.edge-cycle { (text::IN_CYCLE) } }
                        }
                    }
                }
            }
        }
    }
}

/// The steps of a saga, and how far they got.
fn strip(plan: &Plan) -> Markup {
    html! {
        div.graph data-key="plan" {
            h2 { (text::PLAN) }
            ol.plan {
                @for step in &plan.steps {
                    @let (class, glyph) = match step.stage {
                        Stage::Ahead => ("is-ahead", Glyph::Forward),
                        Stage::UnderWay => ("is-under-way", Glyph::Hourglass),
                        Stage::Done => ("is-done", Glyph::Check),
                        Stage::Undone => ("is-undone", Glyph::Back),
                        Stage::Stuck => ("is-stuck", Glyph::Barrier),
                    };
                    li.plan-step.(class) {
                        (icon(glyph)) " "
                        span.plan-name { (step.name) @if let Some(mark) = step.mark { span.plan-mark { (text::step_mark(mark)) } } }
                        span.plan-word { (text::stage(step.stage)) @if !step.word.is_empty() { " (" (step.word) ")" } }
                    }
                }
            }
        }
    }
}

/// Where the middle of a node is: two in a row, or two rows.
fn place(at: usize, count: usize) -> (f32, f32) {
    let in_row = if count <= 2 { count.max(1) } else { count.div_ceil(2) };
    let (row, column) = (at / in_row, at % in_row);
    // A row that is not full stands in the middle.
    let missing = if row > 0 { in_row * 2 - count } else { 0 };
    let across = column as f32 + missing as f32 / 2.0;
    (MARGIN.0 + across * STEP.0, MARGIN.1 + row as f32 * STEP.1)
}

fn drawing(graph: &Graph) -> Markup {
    let count = graph.nodes.len();
    let spots: Vec<(f32, f32)> = (0..count).map(|at| place(at, count)).collect();
    let width = spots.iter().fold(0.0_f32, |width, (x, _)| width.max(*x)) + MARGIN.0;
    let height = spots.iter().fold(0.0_f32, |height, (_, y)| height.max(*y)) + MARGIN.1;
    // Arrows between the same two nodes are drawn as one, with all that stands on them.
    let mut arrows: Vec<Vec<&GraphEdge>> = Vec::new();
    for edge in graph.edges.iter().filter(|edge| usize::from(edge.from.max(edge.to)) < count && edge.from != edge.to) {
        match arrows.iter_mut().find(|arrow| (arrow[0].from, arrow[0].to) == (edge.from, edge.to)) {
            Some(arrow) => arrow.push(edge),
            None => arrows.push(vec![edge]),
        }
    }
    let is_open = |at: u8| graph.nodes[usize::from(at)].state == "open";
    html! {
        div.graph-frame {
            svg viewBox=(format!("0 0 {} {}", number(width), number(height))) width=(number(width)) height=(number(height))
                aria-hidden="true" focusable="false" {
                @for arrow in &arrows {
                    @let (from, to) = (spots[usize::from(arrow[0].from)], spots[usize::from(arrow[0].to)]);
                    @let in_cycle = arrow.iter().any(|edge| edge.in_cycle);
                    @let tentative = is_open(arrow[0].from) || is_open(arrow[0].to);
                    (arrow_between(from, to, arrow, in_cycle, tentative))
                }
                @for (node, (x, y)) in graph.nodes.iter().zip(&spots) {
                    g.graph-node.(if node.state == "committed" { "is-committed" } else { "is-other" }) {
                        rect x=(number(x - NODE.0 / 2.0)) y=(number(y - NODE.1 / 2.0)) width=(number(NODE.0)) height=(number(NODE.1)) rx="5" {}
                        text.graph-name x=(number(*x)) y=(number(y - 3.0)) { (node.name) }
                        text.graph-state x=(number(*x)) y=(number(y + 11.0)) { (node.state) }
                    }
                }
            }
        }
    }
}

fn arrow_between(from: (f32, f32), to: (f32, f32), edges: &[&GraphEdge], in_cycle: bool, tentative: bool) -> Markup {
    let (dx, dy) = (to.0 - from.0, to.1 - from.1);
    let length = (dx * dx + dy * dy).sqrt().max(1.0);
    // To the left of the way, so that what leads back keeps clear of what leads there.
    let side = (dy / length, -dx / length);
    let knee = ((from.0 + to.0) / 2.0 + side.0 * BEND * 1.6, (from.1 + to.1) / 2.0 + side.1 * BEND * 1.6);
    let start = at_border(from, knee);
    let end = at_border(to, knee);
    let (hx, hy) = (end.0 - knee.0, end.1 - knee.1);
    let head = (hx * hx + hy * hy).sqrt().max(1.0);
    let (ux, uy) = (hx / head, hy / head);
    let wing = |sign: f32| (end.0 - ux * 9.0 + sign * -uy * 4.5, end.1 - uy * 9.0 + sign * ux * 4.5);
    let (left, right) = (wing(1.0), wing(-1.0));
    let shaft = (end.0 - ux * 7.0, end.1 - uy * 7.0);
    let line = format!(
        "M{} {}Q{} {} {} {}",
        number(start.0),
        number(start.1),
        number(knee.0),
        number(knee.1),
        number(shaft.0),
        number(shaft.1)
    );
    let tip = format!(
        "M{} {}L{} {}L{} {}Z",
        number(end.0),
        number(end.1),
        number(left.0),
        number(left.1),
        number(right.0),
        number(right.1)
    );
    // The middle of the curve.
    let middle = ((start.0 + 2.0 * knee.0 + end.0) / 4.0, (start.1 + 2.0 * knee.1 + end.1) / 4.0);
    let lines = edges.len().min(LABELS_MAX);
    let first = if side.1 < -0.3 {
        middle.1 - 7.0 - (lines as f32 - 1.0) * LINE
    } else if side.1 > 0.3 {
        middle.1 + 15.0
    } else {
        middle.1 + 4.0 - (lines as f32 - 1.0) * LINE / 2.0
    };
    html! {
        g.graph-edge.in-cycle[in_cycle].is-tentative[tentative] {
            path.edge-line d=(line) {}
            path.edge-tip d=(tip) {}
            @for (at, edge) in edges.iter().take(LABELS_MAX).enumerate() {
                text.edge-text x=(number(middle.0)) y=(number(first + at as f32 * LINE)) { (edge.label) }
            }
        }
    }
}

/// Where the way from the middle of a node towards a point leaves its border.
fn at_border(node: (f32, f32), towards: (f32, f32)) -> (f32, f32) {
    let (dx, dy) = (towards.0 - node.0, towards.1 - node.1);
    let across = if dx.abs() < 0.01 { f32::MAX } else { (NODE.0 / 2.0 + 2.0) / dx.abs() };
    let down = if dy.abs() < 0.01 { f32::MAX } else { (NODE.1 / 2.0 + 2.0) / dy.abs() };
    let share = across.min(down).min(1.0);
    (node.0 + dx * share, node.1 + dy * share)
}

fn sheet(table: &Table) -> Markup {
    html! {
        div.sheet-frame tabindex="0" role="group" aria-label=(text::table_of(&table.title)) data-key=(table.title) {
            table.sql-table {
                caption { (table.title) }
                thead {
                    tr { @for column in &table.columns { th scope="col" { (column) } } }
                }
                tbody {
                    @if table.rows.is_empty() {
                        tr { td.is-empty colspan=(table.columns.len()) { (text::NO_ROWS) } }
                    }
                    @for row in &table.rows {
                        tr {
                            @for (at, cell) in row.iter().enumerate() {
                                @if at == 0 { th scope="row" { (inside(cell)) } }
                                @else { td.differs[cell.differs] { (inside(cell)) } }
                            }
                        }
                    }
                }
            }
        }
    }
}

fn inside(cell: &Cell) -> Markup {
    html! {
        span.cell-text { (cell.text) }
        @if cell.differs { span.cell-mark { (text::DIFFERS) } }
        @for (tone, remark) in &cell.remarks {
            " " span class={ "badge " (tone_class(*tone)) } { (tone_sign(*tone)) " " (remark) }
        }
    }
}
